/**
 * One attempt at one host: its TLS is decided first, and where it cannot be had nothing is
 * sent.
 *
 * A message with REQUIRETLS for which a host has no TLS as demanded fails there, and is
 * tried with the next host; that is the RFC's word, and the author hears of it at once
 * rather than after days (RFC 8689 §4.2.1).
 */
import { enhancedStatus, outcomeOfError } from '@posthouse/mail';
import type { Delayed, RecipientOutcome } from '@posthouse/mail';
import { transmitToReceiver } from '@posthouse/queue';
import type { Attempt } from '@posthouse/queue';
import { wishOf } from './guard.ts';
import type { Guard } from './guard.ts';
import type { NextHost } from './next-hosts.ts';
import type { Peers } from './peers.ts';

/** Sends an attempt to a host. Never rejects. */
export type Sending = (host: NextHost, attempt: Attempt) => Promise<readonly RecipientOutcome[]>;

/** Makes it. */
export function createSending(guard: Guard, peers: Pick<Peers, 'host'>): Sending {
  return async (host, attempt) => {
    const outcomes = await send(host, attempt, guard, peers).catch((error: unknown) =>
      attempt.recipients.map(() => outcomeOfError(error)),
    );
    return wishOf(attempt.message) === 'required' ? outcomes.map(asRequired) : outcomes;
  };
}

async function send(
  host: NextHost,
  attempt: Attempt,
  guard: Guard,
  peers: Pick<Peers, 'host'>,
): Promise<readonly RecipientOutcome[]> {
  const secured = await guard(host, attempt.message, attempt.signal);
  return transmitToReceiver(await peers.host(host, secured)).transmit(attempt);
}

/** No TLS as demanded, in our own words, is final for a message that demands it. */
function asRequired(outcome: RecipientOutcome): RecipientOutcome {
  if (outcome.kind !== 'delayed' || !isWithoutTls(outcome)) return outcome;
  const { host, reason, tls } = outcome;
  return {
    kind: 'failed',
    status: enhancedStatus(5, 7, 10),
    reason,
    proof: 'unsupported',
    ...(host && { host }),
    ...(tls && { tls }),
  };
}

/** `next-hop-tls`, and no word of a peer. */
function isWithoutTls({ reply, status }: Delayed): boolean {
  return reply === undefined && status.subject === 7 && status.detail === 5;
}
