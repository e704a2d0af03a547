/**
 * The delivery key: one copy of one message for one recipient, the same on every attempt.
 *
 * It is derived from what the next attempt brings again: the delivery id, the recipient,
 * which of equal recipients of the transaction it is, and the digest of the content
 * without the fields that were added on the last hop. An id that is used for another
 * message or another recipient matches nothing.
 */
import { hash } from 'node:crypto';
import { mailboxKey } from '@posthouse/mail';
import type { DeliveryId, ForwardPath } from '@posthouse/mail';

/** 32 hexadecimal digits: safe in file names, on file systems without case too. */
export type DeliveryKey = string;

export interface KeyFacts {
  readonly id: DeliveryId;
  readonly recipient: ForwardPath;
  /** 0 for the first recipient of this address in the transaction, 1 for the next ... */
  readonly occurrence: number;
  /** Of the content in its stored form (`contentDigests`). */
  readonly digest: string;
}

export function deliveryKey(facts: KeyFacts): DeliveryKey {
  const { id, recipient, occurrence, digest } = facts;
  return hash('sha256', `${id}\0${mailboxKey(recipient)}\0${occurrence}\0${digest}`).slice(0, 32);
}
