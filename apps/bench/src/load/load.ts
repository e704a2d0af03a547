/**
 * A load: which messages, from how many sessions, which way in and where to. Plain data.
 *
 * Every subject of a case gets the same.
 */
import { createEnvelope } from './envelope.ts';
import type { Envelope } from './envelope.ts';

/** The mailbox that sends everything, and receives what is not relayed. */
export const MAILBOX = 'box@local.test';

/** From there to there. */
export const TO_MAILBOX: Envelope = createEnvelope(MAILBOX, [MAILBOX]);

/** One load. */
export interface Load {
  /** Octets of one message as it is sent, header section included. */
  readonly messageBytes: number;
  /** Sessions at the same time. */
  readonly sessions: number;
  /** Whether a session sends one message after another, or only one. */
  readonly reuse: boolean;
  /** Port 25 without TLS, submission with STARTTLS and AUTH, or LMTP. */
  readonly entry: 'exchange' | 'submission' | 'lmtp';
  /** A Maildir, or another host. */
  readonly destination: 'mailbox' | 'sink';
  /** Recipients of each message; more than one only for the sink. */
  readonly recipients: number;
  /** Domains that the messages are for, in turns, each with a host of its own; more than one only for the sink. */
  readonly domains: number;
  /** Way to the sink and back, for each octet. */
  readonly roundTripMs: number;
  /** Messages of a round at most, */
  readonly messages: number;
  /** and how long it takes messages in at most. */
  readonly seconds: number;
}

/** What most cases have. */
export const COMMON_LOAD: Load = {
  messageBytes: 4096,
  sessions: 20,
  reuse: true,
  entry: 'exchange',
  destination: 'mailbox',
  recipients: 1,
  domains: 1,
  roundTripMs: 0,
  messages: Number.POSITIVE_INFINITY,
  seconds: 6,
};

/** The envelopes of a load's messages, by their numbers. */
export function envelopesOf({
  destination,
  domains,
  recipients,
}: Load): (number: number) => Envelope {
  if (destination === 'mailbox') return () => TO_MAILBOX;
  const all = Array.from({ length: domains }, (_, index) => {
    const domain = domains === 1 ? 'sink.test' : distantDomain(index);
    const paths = Array.from({ length: recipients }, (_each, local) => `r${local}@${domain}`);
    return createEnvelope(MAILBOX, paths);
  });
  return (number) => all[number % domains] ?? TO_MAILBOX;
}

/** One of many domains. */
export function distantDomain(index: number): string {
  return `d${index}.many.test`;
}

/** Its host: the sink by an address of its own. */
export function distantHost(index: number): string {
  return `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}
