/** Leases that are granted in one call, and the commit thread's `lease`, which grants to named recipients. */
import type { ClaimedRow, CommitVerbs, RecipientRow } from '../protocol.ts';
import { leaseOf, standingOf } from './tables.ts';
import type { StoredRecipient, Tables } from './tables.ts';

/** Grants leases, and gathers the recipients by message. */
export class Grants {
  readonly #tables: Tables;
  readonly #owner: string;
  readonly #until: number;
  readonly #byMessage = new Map<number, RecipientRow[]>();
  count = 0;

  constructor(tables: Tables, owner: string, until: number) {
    this.#tables = tables;
    this.#owner = owner;
    this.#until = until;
  }

  add(stored: StoredRecipient): void {
    const token = stored.token + 1;
    const attempts = stored.attempts + 1;
    const lease = { owner: this.#owner, until: this.#until, begun: 0 as const };
    this.#tables.put(stored, { ...standingOf(stored), attempts, token, lease });
    const row = { ...this.#tables.recipientRow(stored), attempts, token, lease };
    const group = this.#byMessage.get(stored.message);
    if (group === undefined) this.#byMessage.set(stored.message, [row]);
    else group.push(row);
    this.count += 1;
  }

  rows(): readonly ClaimedRow[] {
    return [...this.#byMessage].flatMap(([seq, recipients]) => {
      const message = this.#tables.messageRow(seq);
      return message === undefined ? [] : [{ message, recipients }];
    });
  }
}

export function createLease(tables: Tables): CommitVerbs['lease'] {
  return ({ keys, owner, now, leaseUntil }) => {
    const grants = new Grants(tables, owner, leaseUntil);
    let busy = 0;
    for (const key of keys) {
      const stored = tables.find(key);
      if (stored === undefined) continue; // it has left since it was found
      const lease = leaseOf(stored);
      if (lease !== null && lease.until > now) busy += 1;
      else grants.add(stored);
    }
    return { claimed: grants.rows(), busy };
  };
}
