/** One attempt at one host: its TLS is decided first, and where it cannot be had nothing is sent. */
import { outcomeOfError } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { transmitToReceiver } from '@posthouse/queue';
import type { Attempt } from '@posthouse/queue';
import { demandTls } from './demand-tls.ts';
import { wishOf } from './guard.ts';
import type { Guard } from './guard.ts';
import type { NextHost } from './next-hosts.ts';
import type { Peers } from './peers.ts';

/** Sends an attempt to a host. Never rejects. */
export type Sending = (host: NextHost, attempt: Attempt) => Promise<readonly RecipientOutcome[]>;

/** Makes it. */
export function createSending(guard: Guard, peers: Pick<Peers, 'host'>): Sending {
  return (host, attempt) =>
    send(host, attempt, guard, peers).catch((error: unknown) =>
      attempt.recipients.map(() => outcomeOfError(error)),
    );
}

async function send(
  host: NextHost,
  attempt: Attempt,
  guard: Guard,
  peers: Pick<Peers, 'host'>,
): Promise<readonly RecipientOutcome[]> {
  const secured = await guard(host, attempt.message, attempt.signal);
  const hop = await peers.host(host, secured);
  const demanding = wishOf(attempt.message) === 'required' ? demandTls(hop) : hop;
  return transmitToReceiver(demanding).transmit(attempt);
}
