/**
 * What the tests of this package share: a directory that goes away, a logger that
 * remembers, and an account's line without the cost of a hash.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogFields, Logger } from '@posthouse/mail';
import { onTestFinished } from 'vitest';

/** The path of a file in a new directory, which goes with the test. */
export async function scratchPath(name: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-directory-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, name);
}

/** A logger with what was said. */
export interface RememberingLogger extends Logger {
  readonly events: LogFields[];
}

export function rememberingLogger(): RememberingLogger {
  const events: LogFields[] = [];
  const keep = (fields: LogFields): void => void events.push(fields);
  return { events, debug: keep, info: keep, warn: keep, error: keep };
}

/** A well-formed hash; nobody knows its password. */
export const SOME_HASH: string =
  '{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

/** Lines of an accounts file. */
export function accountLines(...names: readonly string[]): string {
  return names.map((name) => `${name}:${SOME_HASH}::::::\n`).join('');
}
