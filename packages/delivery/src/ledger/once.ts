/**
 * Exactly once: delivers a copy, unless an earlier attempt has delivered it.
 *
 * Only for copies that have a key, and only for repeats does it look for traces. What the
 * traces mean stands in decision 0006; where they leave a doubt, the copy is delivered
 * again, for a second copy is better than none. Attempts at one copy in one process wait
 * for each other.
 */
import { dirname } from 'node:path';
import type { Disk } from '@posthouse/durable-fs';
import type { Clock } from '@posthouse/mail';
import type { DeliveryObserver } from '../maildir/writer.ts';
import type { DeliveryKey } from './delivery-key.ts';
import type { Ledger } from './ledger.ts';
import { createPastDeliveries } from './past-deliveries.ts';
import { findTraces } from './search.ts';

/** A copy that may have been delivered before. */
export interface KeyedCopy {
  readonly key: DeliveryKey;
  /** The Maildir of the recipient; folders are in it. */
  readonly maildir: string;
  /** Whether there was an attempt before this one, as far as the sender knows. */
  readonly repeat: boolean;
}

/** What became of a copy. */
export interface OnceResult {
  /** An earlier attempt had delivered it. */
  readonly repeated: boolean;
  /** Where it is now; absent where its owner has taken it away since. */
  readonly path?: string;
}

export interface Once {
  /** @param publish delivers, and tells the observer. @throws what `publish` throws, DurableFsError */
  deliver(
    copy: KeyedCopy,
    publish: (observer: DeliveryObserver) => Promise<string>,
  ): Promise<OnceResult>;
}

export function createOnce(
  ledger: Ledger,
  deps: { readonly disk: Disk; readonly clock: Clock },
): Once {
  const { disk } = deps;
  const past = createPastDeliveries(ledger, deps);
  const underWay = new Map<DeliveryKey, Promise<unknown>>();

  async function first(
    { key }: KeyedCopy,
    publish: (observer: DeliveryObserver) => Promise<string>,
  ): Promise<OnceResult> {
    const path = await publish({
      intend: ({ attempt }) => ledger.intend(key, attempt),
      beforeRemoval: ({ attempt }) => ledger.withdraw(key, attempt),
    });
    ledger.conclude(key);
    return { repeated: false, path };
  }

  /** What an earlier attempt has left; `undefined`: it has delivered nothing. */
  async function earlier(copy: KeyedCopy): Promise<OnceResult | undefined> {
    const finding = await ledger.find(copy.key);
    if (finding.kind === 'delivered') return { repeated: true };
    if (finding.kind === 'unknown' && !(await past.mayHave(copy.maildir, copy.key))) {
      return undefined;
    }
    const { unfinished, path } = await findTraces(disk, copy.maildir, copy.key);
    if (path !== undefined) {
      await disk.directories.sync(dirname(path)); // who published it may have died before this
      ledger.conclude(copy.key);
      return { repeated: true, path };
    }
    const attempts = finding.kind === 'unsettled' ? finding.attempts : [];
    const isTaken = attempts.some((one) => one.isTelling && !unfinished.has(one.attempt));
    if (!isTaken) return undefined;
    ledger.conclude(copy.key);
    return { repeated: true };
  }

  async function run(
    copy: KeyedCopy,
    before: Promise<unknown> | undefined,
    publish: (observer: DeliveryObserver) => Promise<string>,
  ): Promise<OnceResult> {
    await before?.catch(() => undefined); // its caller hears of its failure
    const found = copy.repeat || before !== undefined ? await earlier(copy) : undefined;
    return found ?? first(copy, publish);
  }

  return {
    async deliver(copy, publish) {
      const running = run(copy, underWay.get(copy.key), publish);
      underWay.set(copy.key, running);
      try {
        return await running;
      } finally {
        if (underWay.get(copy.key) === running) underWay.delete(copy.key);
      }
    },
  };
}
