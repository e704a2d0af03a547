/**
 * PastDeliveries: the keys that lie in a Maildir and its `tmp`, for copies of which the ledger knows nothing.
 *
 * That is most repeats: after an outage thousands of messages were attempted and never came
 * this far. But a power cut takes the ledger's last tenth of a second, and its oldest files
 * go in time; what was published then is found by its name. A Maildir is read through once
 * for all its repeats: what is published later, the ledger knows.
 */
import type { Disk } from '@posthouse/durable-fs';
import type { Clock } from '@posthouse/mail';
import { listFolders } from '../maildir/folders.ts';
import { listMessages } from '../maildir/list.ts';
import { listUnfinished } from '../maildir/unfinished.ts';
import type { DeliveryKey } from './delivery-key.ts';
import { createFingerprints } from './fingerprints.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Ledger } from './ledger.ts';

export interface PastDeliveries {
  /** False: the copy was not in the Maildir, `tmp` included, when the ledger began to know. @throws DurableFsError */
  mayHave(maildir: string, key: DeliveryKey): Promise<boolean>;
}

interface Reading {
  readonly startedAt: number;
  readonly keys: Promise<Fingerprints>;
}

const MAX_REMEMBERED = 1000;

export function createPastDeliveries(
  ledger: Pick<Ledger, 'completeSince'>,
  deps: { readonly disk: Disk; readonly clock: Clock },
): PastDeliveries {
  const readings = new Map<string, Reading>();

  function read(maildir: string): Reading {
    const [oldest] = readings.keys();
    if (readings.size >= MAX_REMEMBERED && oldest !== undefined) readings.delete(oldest);
    const reading = { startedAt: deps.clock.now(), keys: keysIn(deps.disk, maildir) };
    readings.set(maildir, reading);
    reading.keys.catch(() => readings.delete(maildir));
    return reading;
  }

  return {
    async mayHave(maildir, key) {
      const known = readings.get(maildir);
      // What was published between the reading and the ledger's beginning nobody knows.
      const isValid = known !== undefined && known.startedAt >= ledger.completeSince;
      return (await (isValid ? known : read(maildir)).keys).has(key);
    },
  };
}

async function keysIn(disk: Disk, maildir: string): Promise<Fingerprints> {
  const keys = createFingerprints();
  for (const { key } of await listUnfinished(disk, maildir)) {
    if (key !== undefined) keys.add(key);
  }
  for (const folder of await listFolders(disk, maildir)) {
    for (const { name } of await listMessages(disk, folder)) {
      if (name.key !== undefined) keys.add(name.key);
    }
  }
  return keys;
}
