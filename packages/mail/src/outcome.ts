/**
 * What became of one recipient of one transaction: a value, never an exception.
 *
 * `accepted`   responsibility was taken durably; the fate will be told later (a queue).
 * `delivered`  the message is in the recipient's mailbox.
 * `relayed`    another host took responsibility, and this is its reply.
 * `delayed`    not now; trying again may help.
 * `failed`     never, and `proof` names how we know.
 *
 * A peer's words are kept exactly, so that the author can be told them.
 * RFC 3464 §2.3.3 (action), RFC 3463 (status).
 */
import type { Reply } from './reply.ts';
import { isPermanent, replyStatus } from './reply.ts';
import type { EnhancedStatus } from './status.ts';
import type { TransactionId } from './identifiers.ts';
import { asMailError, refuse } from './error.ts';
import type { FailureProof, MailError, TroubleScope } from './error.ts';
import type { RemoteHost, TlsFacts } from './context.ts';

export type { RemoteHost } from './context.ts';

interface Spoken {
  readonly status: EnhancedStatus;
  /** Exactly what the peer said, where a peer spoke. */
  readonly reply?: Reply;
  readonly host?: RemoteHost;
  /** What TLS gave the connection to that host; absent in the clear. */
  readonly tls?: TlsFacts;
}

export interface Accepted extends Spoken {
  readonly kind: 'accepted';
  /** The queue id under which the message is kept. */
  readonly id?: TransactionId;
}
export interface Delivered extends Spoken {
  readonly kind: 'delivered';
}
export interface Relayed extends Spoken {
  readonly kind: 'relayed';
  readonly reply: Reply;
  /** Whether the peer took over the duty to notify (it offers DSN, RFC 3461 §5.2.2). */
  readonly notifies: boolean;
}
export interface Delayed extends Spoken {
  readonly kind: 'delayed';
  /** Why, in a sentence for people. */
  readonly reason: string;
  /** What the trouble is with; absent where nobody said. */
  readonly scope?: TroubleScope;
  /** The host has had too much of us: less at a time helps. */
  readonly overload?: true;
  /** How long the host is to be left alone, where its words or its pages tell. */
  readonly restMs?: number;
  /** The peer may have taken the message without our knowing (lost after the final dot). */
  readonly inDoubt?: true;
}
export interface Failed extends Spoken {
  readonly kind: 'failed';
  readonly reason: string;
  readonly proof: FailureProof;
}

/** One recipient's outcome: a closed union on `kind`. */
export type RecipientOutcome = Accepted | Delivered | Relayed | Delayed | Failed;

/** Whether the receiver has taken responsibility for the recipient. */
export function isTaken(outcome: RecipientOutcome): boolean {
  return outcome.kind === 'accepted' || outcome.kind === 'delivered' || outcome.kind === 'relayed';
}

/** The outcome of a recipient that was refused, or met with a fault of ours; `host` where the error names none. */
export function outcomeOfError(thrown: unknown, host?: RemoteHost): Delayed | Failed {
  const error = asMailError(thrown);
  const { proof } = error;
  return proof !== undefined && isPermanent(error.reply)
    ? { kind: 'failed', ...spokenIn(error, 5, host), proof }
    : delayedBy(error, host);
}

/**
 * The outcome of all recipients where who carries them has thrown. A permanent failure is only
 * what an outcome says it is: what is thrown is trouble of ours, even where it is a refusal.
 */
export function outcomeOfFault(thrown: unknown): Delayed {
  const error = asMailError(thrown);
  return delayedBy(error.permanent ? refuse('local-trouble', { cause: thrown }) : error);
}

function delayedBy(error: MailError, host?: RemoteHost): Delayed {
  return {
    kind: 'delayed',
    // A 5yz without proof is no permanent failure, and its status must not say so (RFC 3464 §2.3.4).
    ...spokenIn(error, 4, host),
    ...(error.scope === undefined ? {} : { scope: error.scope }),
    ...(error.inDoubt ? { inDoubt: true as const } : {}),
  };
}

function spokenIn(
  error: MailError,
  statusClass: EnhancedStatus['class'],
  host: RemoteHost | undefined,
): Spoken & { readonly reason: string } {
  const spoke = error.host ?? host;
  const said = error.origin === 'peer' ? error.reply : error.heard;
  return {
    status: { ...replyStatus(error.reply), class: statusClass },
    // Ours is a sentence for people, without the code: the status says as much.
    reason: error.origin === 'peer' ? error.message : error.reply.lines.join(' '),
    ...(said === undefined ? {} : { reply: said }),
    ...(spoke === undefined ? {} : { host: spoke }),
    ...(error.tls === undefined ? {} : { tls: error.tls }),
  };
}
