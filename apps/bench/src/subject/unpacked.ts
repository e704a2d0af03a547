/**
 * Debian's mail servers that cannot be installed beside Postfix: unpacked by `npm run bench:peers`, run
 * in a root directory of their own, delivering into the Maildir `/mail` in there.
 */
import { createPrivateRoot, inRoot, unpackedFile } from '@posthouse/testkit/private-root';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import type { RunningSubject, SubjectSetting } from './subject.ts';

/** One of them. */
export interface UnpackedServer {
  readonly packageName: string;
  /** The file without which it is not there. */
  readonly program: string;
  /** Those that its installation would have made; the first one owns the directories. */
  readonly users: readonly string[];
  /** Besides the Maildir. */
  readonly directories: readonly string[];
  /** Path of its configuration in the root. */
  readonly configurationFile: string;
  /** Runs it in the foreground. */
  readonly script: string;
}

const MAILDIR = ['mail', 'mail/new', 'mail/cur', 'mail/tmp'];

/** Why it cannot be run; undefined where it can. */
export function unpackedObstacle({ packageName, program }: UnpackedServer): string | undefined {
  if (!existsSync(unpackedFile(packageName, program))) {
    return `${packageName} is not unpacked here: npm run bench:peers`;
  }
  return process.getuid?.() === 0 ? undefined : `${packageName} can only be started by root`;
}

/** Starts it. `configuration` is asked for the text on a port. @throws Error */
export async function startUnpacked(
  server: UnpackedServer,
  { directory, environment, under = [] }: SubjectSetting,
  configuration: (port: number) => string,
): Promise<RunningSubject> {
  const { configurationFile, directories, packageName, script, users } = server;
  const port = await freePort();
  await mkdir(directory, { recursive: true });
  await createPrivateRoot({
    path: directory,
    packageName,
    users,
    directories: [...directories, ...MAILDIR],
    // Exim reads it as its own user where strace keeps it from being root's.
    publicFiles: { [configurationFile]: configuration(port), '/etc/mailname': 'bench.test\n' },
    preload: environment?.['LD_PRELOAD'],
  });
  const { args, program } = inRoot(directory, script);
  const startedAt = now();
  const child = startChild({
    command: [...under, program, ...args],
    cwd: directory,
    logFile: join(directory, 'output'),
  });
  await child.listening(port);
  return {
    pid: child.pid,
    startedAt,
    startedInMs: now() - startedAt,
    exchange: { port },
    mailbox: join(directory, 'mail/new'),
    stop: () => child.stop('SIGKILL'),
  };
}
