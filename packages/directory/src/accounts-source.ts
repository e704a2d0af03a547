/**
 * The accounts as a running agent sees them: read at start, read again when the file
 * has changed.
 *
 * Change is seen by a `stat` (file watching is unreliable across platforms and mounts),
 * at most once a second while answers are positive, and before every negative answer,
 * so that an account works as soon as `posthouse user add` has returned. The calls are
 * synchronous on purpose: `resolve` must answer at once, and a stat of a small file that
 * is used every second costs microseconds. A broken or vanished file is logged once,
 * and the accounts stay what they were.
 */
import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { Clock, Logger } from '@posthouse/mail';
import { brokenAccounts } from './accounts-error.ts';
import { MAX_ACCOUNTS_BYTES } from './accounts-file.ts';
import { readAccounts } from './accounts-format.ts';
import type { AccountEntry } from './accounts-format.ts';

const CHECK_INTERVAL_MS = 1000;

/** The accounts by their name, in the order of the file. */
export type Entries = ReadonlyMap<string, AccountEntry>;

export interface AccountsSource {
  /** What is known, after a look at the file if the last one was a second ago. */
  current(): Entries;
  /** Looks now. Gives whether the accounts are others than before. */
  refresh(): boolean;
  /** Reads now, changed or not. @throws AccountsError, or what the file system throws; the accounts stay */
  read(): void;
}

/** A source over one file; without a path there are no accounts. */
export function createAccountsSource(
  path: string | undefined,
  deps: { readonly clock: Clock; readonly logger: Logger },
): AccountsSource {
  let entries: Entries = new Map();
  /** Which version of the file was read last; a broken one counts. */
  let seen: string | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  /** What was last said about the file, so that it is said once. */
  let complaint: string | undefined;

  function read(): void {
    checkedAt = deps.clock.now();
    if (path === undefined) return;
    const found = readVersion(path);
    if (found === undefined) {
      if (entries.size > 0) throw new Error(`${path} is gone`);
      seen = undefined;
      deps.logger.warn({ event: 'accounts-missing', path }, 'there is no accounts file yet');
      return;
    }
    seen = found.version;
    const result = readAccounts(found.text);
    if (result.kind === 'invalid') throw brokenAccounts(path, result.problems);
    entries = new Map(result.entries.map((entry) => [entry.name, entry]));
    complaint = undefined;
    deps.logger.info({ event: 'accounts-read', path, accounts: entries.size }, 'accounts read');
  }

  function refresh(): boolean {
    checkedAt = deps.clock.now();
    const before = entries;
    try {
      if (path !== undefined && currentVersion(path) !== seen) read();
    } catch (error) {
      keepOld(error);
    }
    return entries !== before;
  }

  function keepOld(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === complaint) return;
    complaint = reason;
    const text = 'the accounts file cannot be used, the accounts stay as they were';
    deps.logger.error({ event: 'accounts-not-read', path, reason }, text);
  }

  return {
    current() {
      if (deps.clock.now() - checkedAt >= CHECK_INTERVAL_MS) refresh();
      return entries;
    },
    refresh,
    read,
  };
}

function currentVersion(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : versionOf(stats);
}

/** The file and which version of it this is, both of one open file. */
function readVersion(path: string): { version: string; text: string } | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (stats.size > MAX_ACCOUNTS_BYTES) throw new Error(`${path} is too large to be accounts`);
    return { version: versionOf(stats), text: readFileSync(descriptor, 'utf8') };
  } finally {
    closeSync(descriptor);
  }
}

function versionOf(stats: BigIntStats): string {
  return `${stats.dev}/${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
