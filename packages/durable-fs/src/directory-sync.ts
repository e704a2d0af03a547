/**
 * DirectorySync: many callers who need the same directory synced share one sync.
 *
 * Guarantee: when `sync(d)` resolves, a sync of d that began after the call was made
 * has ended well, so every name that was made, moved or removed in d before the call
 * is on the disk. It says nothing of the contents of files. There are never more than
 * `maxAtOnce` syncs of a directory at a time; who comes while they run waits for the next one,
 * which all of them share. Nobody waits for a timer: a lone caller's sync begins at once, or
 * where turns are gathered with the end of this turn of the event loop.
 *
 * Failure rejects all who wait, those for the next sync too: the failed one may have
 * dropped their names, and a later success would not tell. Who calls after it begins anew.
 */
import { resolve } from 'node:path';
import type { FileSystem } from './file-system.ts';

/** Syncs directories in groups. Paths are compared by text, once made absolute. */
export interface DirectorySync {
  /** @throws DurableFsError: none of the changes that this call was to cover may be relied on. */
  sync(directory: string): Promise<void>;
}

export interface DirectorySyncOptions {
  /**
   * Whether all who come in one turn of the event loop share a sync, the first of them too: for
   * those to whom many files are reported at once. @default false
   */
  readonly gathersTurns?: boolean;
  /**
   * Syncs of a directory at a time. Who comes waits for the rest of one and then for his own; with
   * two for half as long a rest, at the cost of more syncs. @default 1
   */
  readonly maxAtOnce?: number;
}

/** The syncs of one directory. */
interface Rounds {
  /** Those that run, the one that gathers included. */
  running: number;
  /** Covers who comes now: it has not begun. */
  gathering: Promise<void> | undefined;
  /** Begins when one that runs has ended. */
  next: PromiseWithResolvers<void> | undefined;
}

/** One per file system and process: two would not see each other's callers. */
export function createDirectorySync(
  fileSystem: FileSystem,
  { gathersTurns = false, maxAtOnce = 1 }: DirectorySyncOptions = {},
): DirectorySync {
  const directories = new Map<string, Rounds>();

  function begin(directory: string, rounds: Rounds): Promise<void> {
    rounds.running += 1;
    const round = gathersTurns ? gather(directory, rounds) : fileSystem.syncDirectory(directory);
    round.then(
      () => ended(directory, rounds),
      (error: unknown) => failed(directory, rounds, error),
    );
    return round;
  }

  function gather(directory: string, rounds: Rounds): Promise<void> {
    const round = endOfTurn().then(() => {
      rounds.gathering = undefined;
      return fileSystem.syncDirectory(directory);
    });
    rounds.gathering = round;
    return round;
  }

  function ended(directory: string, rounds: Rounds): void {
    rounds.running -= 1;
    const { next } = rounds;
    rounds.next = undefined;
    if (next !== undefined) begin(directory, rounds).then(next.resolve, next.reject);
    else if (rounds.running === 0) directories.delete(directory);
  }

  function failed(directory: string, rounds: Rounds, error: unknown): void {
    rounds.next?.reject(error);
    rounds.next = undefined;
    ended(directory, rounds);
  }

  return {
    sync(path) {
      const directory = resolve(path);
      const rounds = directories.get(directory) ?? newRounds();
      directories.set(directory, rounds);
      if (rounds.gathering !== undefined) return rounds.gathering;
      if (rounds.running < maxAtOnce) return begin(directory, rounds);
      rounds.next ??= Promise.withResolvers();
      return rounds.next.promise;
    },
  };
}

function newRounds(): Rounds {
  return { running: 0, gathering: undefined, next: undefined };
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
