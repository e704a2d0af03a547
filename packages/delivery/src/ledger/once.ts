/**
 * Exactly once: delivers a copy, unless an earlier attempt has delivered it.
 *
 * Only for copies that have a key, and only for repeats does it look at what earlier attempts
 * came to. Attempts at one copy in one process wait for each other.
 */
import type { Disk } from '@posthouse/durable-fs';
import type { Clock } from '@posthouse/mail';
import type { Finish } from '../maildir/tmp-sweep.ts';
import { publish as publishUnfinished } from '../maildir/unfinished.ts';
import type { UnfinishedFile } from '../maildir/unfinished.ts';
import type { DeliveryObserver } from '../maildir/writer.ts';
import type { KeyedCopy, OnceResult } from './copy.ts';
import { createEarlierAttempts } from './earlier-attempts.ts';
import type { Ledger } from './ledger.ts';
import { createTurns } from './turns.ts';

/** Delivers and tells the observer. @returns the path @throws DurableFsError */
export type Publish = (observer: DeliveryObserver) => Promise<string>;

export interface Once {
  /** @throws what `publish` throws, DurableFsError */
  readonly deliver: (copy: KeyedCopy, publish: Publish) => Promise<OnceResult>;
  /** Sees to a whole file that nobody writes any more (`EarlierAttempts`). @throws DurableFsError */
  readonly finish: (maildir: string, file: UnfinishedFile) => Promise<Finish>;
}

export function createOnce(
  ledger: Ledger,
  deps: { readonly disk: Disk; readonly clock: Clock },
): Once {
  const earlier = createEarlierAttempts(ledger, deps);
  const turns = createTurns();

  async function first({ key }: KeyedCopy, publish: Publish): Promise<OnceResult> {
    const path = await publish({
      intend: ({ attempt }) => ledger.intend(key, attempt),
      beforeRemoval: ({ attempt }) => ledger.withdraw(key, attempt),
    });
    ledger.conclude(key);
    return { repeated: false, path };
  }

  /** Attempts of this process never have that key; the sweep of `tmp` may be at a file with it. */
  async function findFormer(copy: KeyedCopy): Promise<OnceResult | undefined> {
    const { formerKey } = copy;
    if (formerKey === undefined) return undefined;
    return turns.take(formerKey, () => earlier.find({ ...copy, key: formerKey }));
  }

  async function find(copy: KeyedCopy): Promise<OnceResult | undefined> {
    return (await earlier.find(copy)) ?? findFormer(copy);
  }

  return {
    deliver: (copy, publish) =>
      turns.take(copy.key, async (isFirst) => {
        const found = copy.repeat || !isFirst ? await find(copy) : undefined;
        return found ?? first(copy, publish);
      }),
    async finish(maildir, file) {
      const { key } = file;
      if (key !== undefined) return turns.take(key, () => earlier.finish(key, maildir, file));
      await publishUnfinished(deps.disk, file);
      return 'published';
    },
  };
}
