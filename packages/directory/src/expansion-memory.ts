/**
 * Expansions of aliases that were asked for lately, so that a list of thousands is not gone
 * through anew for every message. They hold for one address book and one set of accounts:
 * others begin with an empty memory. Bounded by final addresses.
 */
import { mailboxKey } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type { Expansion, ExpansionOptions } from './expansion.ts';

/** Final addresses and lost ones, over all expansions. */
const MAX_ADDRESSES = 50_000;

export interface ExpansionMemory {
  /** Gives what is remembered, else what `expand` finds. `grounds`: what else the answer hangs on. */
  recall(
    address: Mailbox,
    options: ExpansionOptions,
    grounds: readonly object[],
    expand: () => Expansion,
  ): Expansion;
}

export function createExpansionMemory(): ExpansionMemory {
  const known = new Map<string, Expansion>();
  let addresses = 0;
  let standing: readonly object[] = [];

  function forget(): void {
    known.clear();
    addresses = 0;
  }

  return {
    recall(address, { catchAll = true }, grounds, expand) {
      if (grounds.some((ground, place) => ground !== standing[place])) {
        forget();
        standing = grounds;
      }
      const key = `${catchAll} ${mailboxKey(address)}`;
      const remembered = known.get(key);
      if (remembered !== undefined) return remembered;
      const expansion = expand();
      const size = expansion.finals.length + expansion.lost.length;
      if (expansion.finals.length < 2) return expansion; // as fast as remembering it
      if (addresses + size > MAX_ADDRESSES) forget();
      known.set(key, expansion);
      addresses += size;
      return expansion;
    },
  };
}
