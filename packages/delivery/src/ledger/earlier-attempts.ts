/**
 * What earlier attempts at a copy came to, and the end of those that a death cut short.
 *
 * What the traces mean stands in decision 0006. A whole file that a dead attempt has left in
 * `tmp` is published; where there is a doubt, nothing counts as delivered, for a second copy is
 * better than none. Who calls sees to it that no attempt at the copy is under way in this process.
 */
import { unlinkIfThere } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import type { Clock } from '@posthouse/mail';
import { findByKey } from '../maildir/list.ts';
import type { Finish } from '../maildir/tmp-sweep.ts';
import { publish } from '../maildir/unfinished.ts';
import type { UnfinishedFile } from '../maildir/unfinished.ts';
import type { KeyedCopy, OnceResult } from './copy.ts';
import type { DeliveryKey } from './delivery-key.ts';
import type { Ledger } from './ledger.ts';
import { createPastDeliveries } from './past-deliveries.ts';
import { findTraces } from './search.ts';

export interface EarlierAttempts {
  /** What they have delivered, or has been published for them now; `undefined`: nothing. @throws DurableFsError */
  find(copy: KeyedCopy): Promise<OnceResult | undefined>;
  /**
   * Publishes the whole file of one of them, or removes it where its copy is in the mailbox. What
   * the ledger says of the copy does not count: a power cut may have undone a rename after it was
   * written. @throws DurableFsError
   */
  finish(key: DeliveryKey, maildir: string, file: UnfinishedFile): Promise<Finish>;
}

export function createEarlierAttempts(
  ledger: Ledger,
  deps: { readonly disk: Disk; readonly clock: Clock },
): EarlierAttempts {
  const { disk } = deps;
  const past = createPastDeliveries(ledger, deps);

  async function publishNoted(key: DeliveryKey, file: UnfinishedFile): Promise<void> {
    await publish(disk, file, () => ledger.intend(key, file.attempt));
    ledger.conclude(key);
  }

  return {
    async find({ key, maildir }) {
      const finding = await ledger.find(key);
      if (finding.kind === 'delivered') return { repeated: true };
      if (finding.kind === 'unknown' && !(await past.mayHave(maildir, key))) return undefined;
      const { unfinished, path } = await findTraces(disk, maildir, key);
      const inTmp = new Set(unfinished.map(({ attempt }) => attempt));
      const attempts = finding.kind === 'unsettled' ? finding.attempts : [];
      const isTaken = attempts.some((one) => one.isTelling && !inTmp.has(one.attempt));
      const whole = unfinished.filter(({ isWhole }) => isWhole);
      const [file, ...others] = whole;
      if (path !== undefined || isTaken) {
        await removeAll(disk, whole);
        ledger.conclude(key);
        return path === undefined ? { repeated: true } : { repeated: true, path };
      }
      if (file === undefined) return undefined;
      await publishNoted(key, file);
      await removeAll(disk, others);
      return { repeated: true, path: file.final };
    },
    async finish(key, maildir, file) {
      if ((await findByKey(disk, maildir, key)) === undefined) {
        await publishNoted(key, file);
        return 'published';
      }
      await removeAll(disk, [file]);
      return 'removed';
    },
  };
}

/** What is in the mailbox must not be brought there once more one day. */
async function removeAll({ fileSystem }: Disk, files: readonly UnfinishedFile[]): Promise<void> {
  for (const { path } of files) await unlinkIfThere(fileSystem, path);
}
