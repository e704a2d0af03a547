/**
 * Entry of the commit thread: owns the directory, and everything that is written there.
 *
 * A damaged database is salvaged: at the opening where it shows then, else when the event
 * loop asks for it, which has stopped the read thread before.
 */
import { Committer } from './committer.ts';
import {
  assertVersion,
  currentNumber,
  databasePath,
  lockDirectory,
  putOldAside,
  versionInHeader,
} from './database-file.ts';
import { SCHEMA_VERSION } from './database.ts';
import { faultOf, StoreFault } from './faults.ts';
import type { Opened } from '../protocol.ts';
import { salvage } from './salvage.ts';
import { runThread } from './thread-server.ts';
import type { Answer } from './thread-server.ts';

runThread(({ directory, synced }) => {
  const lock = naming(directory, () => {
    const path = databasePath(directory, currentNumber(directory));
    assertVersion(versionInHeader(path), SCHEMA_VERSION, path);
    return lockDirectory(directory);
  });
  let committer: Committer | undefined;

  function open(): Opened {
    const current = databasePath(directory, currentNumber(directory));
    committer = new Committer(current, synced);
    putOldAside(directory);
    return { path: current, usage: committer.usage };
  }

  function openSalvaged(): Opened {
    committer?.close();
    const salvaged = salvage(directory);
    return { ...open(), salvaged };
  }

  function openSomehow(): Opened {
    try {
      return open();
    } catch (error) {
      if (faultOf(error).kind !== 'damaged') throw error;
      return openSalvaged();
    }
  }

  function answerSalvage(number: number): Answer {
    try {
      return { number, kind: 'value', value: openSalvaged() };
    } catch (error) {
      return { number, kind: 'fault', fault: faultOf(error) };
    }
  }

  const opened = orElseClosed(lock, () => naming(directory, openSomehow));
  return {
    opened,
    turn(calls, post) {
      const ordinary = calls.filter(({ verb }) => verb !== 'salvage');
      if (ordinary.length > 0 && committer !== undefined) post(committer.turn(ordinary));
      const asked = calls.filter(({ verb }) => verb === 'salvage');
      if (asked.length > 0) post({ answers: asked.map(({ number }) => answerSalvage(number)) });
    },
    close() {
      committer?.close();
      lock.close();
    },
  };
});

/** Lets go of the lock on failure. */
function orElseClosed<T>(lock: { close(): void }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Says which queue a failure is about. */
function naming<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    const { kind, text, code } = faultOf(error);
    throw new StoreFault(kind, `the queue in ${directory} cannot be opened: ${text}`, code);
  }
}
