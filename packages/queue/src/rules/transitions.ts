/**
 * How a recipient's record changes: one function per verb of the store, from record to
 * record. Pure; who may change what, and when, is the store's to check.
 */
import { formatMailbox } from '@posthouse/mail';
import type { NewEvent } from '../event.ts';
import type { RecipientRecord } from '../record.ts';
import type { Intervention, RecipientChange } from '../store.ts';

type Again = Extract<RecipientChange, { readonly kind: 'again' }>;

/** When the recipient could be claimed, its lane apart: due, and free of any lease. Never, while held. */
export function claimableAt(recipient: RecipientRecord): number {
  if (recipient.state === 'held') return Infinity;
  return Math.max(recipient.dueAt, recipient.lease?.until ?? recipient.dueAt);
}

/** Whether a lease runs. */
export function isLeased(recipient: RecipientRecord, now: number): boolean {
  return recipient.lease !== undefined && recipient.lease.until > now;
}

/** A lease granted: it counts as an attempt (decision 0002). */
export function withLease(
  recipient: RecipientRecord,
  lease: { readonly owner: string; readonly token: number; readonly until: number },
): RecipientRecord {
  const attempts = recipient.attempts + 1;
  return { ...recipient, attempts, lease: { ...lease, begun: false } };
}

/** An attempt that ended without deciding the recipient's fate. A hold outlasts it. */
export function afterAttempt(recipient: RecipientRecord, change: Again): RecipientRecord {
  const { lease: _ended, lastReason: _reason, lastReply: _reply, ...rest } = recipient;
  return {
    ...rest,
    attempts: recipient.attempts - (change.counts ? 0 : 1),
    dueAt: change.dueAt,
    lane: change.lane,
    site: change.site,
    delayTold: change.delayTold,
    ...(change.lastReason === undefined ? {} : { lastReason: change.lastReason }),
    ...(change.lastReply === undefined ? {} : { lastReply: change.lastReply }),
  };
}

/** The lease's owner is dead: what never began is due at once. */
export function afterDeath(recipient: RecipientRecord, now: number): RecipientRecord {
  const { lease, ...rest } = recipient;
  return lease?.begun === true ? rest : { ...rest, dueAt: Math.min(rest.dueAt, now) };
}

/** What an operator's word makes of a recipient; `undefined`: it has no effect here. */
export function intervened(
  action: Intervention,
  recipient: RecipientRecord,
  at: number,
): { readonly recipient: RecipientRecord; readonly event: NewEvent } | undefined {
  const event = { message: recipient.message, index: recipient.index, at };
  const address = formatMailbox(recipient.forwardPath);
  switch (action) {
    case 'hold':
      if (recipient.state === 'held') return undefined;
      return {
        recipient: { ...recipient, state: 'held' },
        event: { ...event, kind: 'held', recipient: address },
      };
    case 'release':
      if (recipient.state === 'queued') return undefined;
      return {
        recipient: { ...recipient, state: 'queued' },
        event: { ...event, kind: 'released', recipient: address, dueAt: recipient.dueAt },
      };
    case 'retry':
      if (recipient.state === 'held' || isLeased(recipient, at)) return undefined;
      return {
        recipient: { ...recipient, dueAt: at },
        event: { ...event, kind: 'rescheduled', recipient: address, dueAt: at },
      };
  }
}
