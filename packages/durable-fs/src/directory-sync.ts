/**
 * DirectorySync: many callers who need the same directory synced share one sync.
 *
 * Guarantee: when `sync(d)` resolves, a sync of d that began after the call was made
 * has ended well, so every name that was made, moved or removed in d before the call
 * is on the disk. It says nothing of the contents of files. There is never more than
 * one sync of a directory at a time; who comes while it runs waits for the next one,
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
}

interface Round {
  readonly running: Promise<void>;
  /** Whether the sync has begun: who comes now is not covered by it. */
  hasBegun: boolean;
  next: Promise<void> | undefined;
}

/** One per file system and process: two would not see each other's callers. */
export function createDirectorySync(
  fileSystem: FileSystem,
  { gathersTurns = false }: DirectorySyncOptions = {},
): DirectorySync {
  const rounds = new Map<string, Round>();

  function begin(directory: string): Promise<void> {
    const round: Round = gathersTurns
      ? { running: endOfTurn().then(syncNow), hasBegun: false, next: undefined }
      : { running: fileSystem.syncDirectory(directory), hasBegun: true, next: undefined };
    function syncNow(): Promise<void> {
      round.hasBegun = true;
      return fileSystem.syncDirectory(directory);
    }
    const forget = (): void => {
      if (rounds.get(directory) === round) rounds.delete(directory);
    };
    rounds.set(directory, round);
    round.running.then(() => {
      if (round.next === undefined) forget();
    }, forget);
    return round.running;
  }

  return {
    sync(path) {
      const directory = resolve(path);
      const round = rounds.get(directory);
      if (round === undefined) return begin(directory);
      if (!round.hasBegun) return round.running;
      // No second handler: a failure of the running sync is a failure of those who wait.
      round.next ??= round.running.then(() => begin(directory));
      return round.next;
    },
  };
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
