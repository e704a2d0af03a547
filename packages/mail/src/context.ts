/**
 * Where a message came from: the facts of the session that brought it.
 *
 * Plain, structured-cloneable values only, because the context crosses threads
 * and, between our own agents, processes (architecture §7). A receiver may
 * believe what is here; that a listener put only proven facts in is its promise.
 */
import type { DeliveryId, TraceId } from './identifiers.ts';

/** The host at the other end of a session. */
export interface Peer {
  /** IP address in text; `local` for a call within the process or a unix socket. */
  readonly address: string;
  readonly port?: number;
  /** Name from a verified reverse lookup; absent where none was made or none matched. */
  readonly name?: string;
}

/** The host that spoke, for reports and events. */
export interface RemoteHost {
  readonly name: string;
  readonly address?: string;
}

/** What TLS gave the session. */
export interface TlsFacts {
  /** For example `TLSv1.3`. */
  readonly version: string;
  readonly cipher: string;
  /** Whether the peer's certificate was verified for the name that was asked for. */
  readonly verified: boolean;
  /** By what: the authorities that we believe, DANE, or those for a host that MTA-STS names. */
  readonly verifiedBy?: 'pki' | 'dane' | 'mta-sts';
}

/** Who logged in. */
export interface Identity {
  /** The account's name as the directory knows it. */
  readonly account: string;
  /** SASL mechanism, or `trusted-peer` where another of our agents vouched. */
  readonly mechanism: string;
}

/** Lets a mailbox know a message that it may have taken already (architecture §5). */
export interface DeliveryAttempt {
  readonly id: DeliveryId;
  /**
   * True where any of the transaction's recipients was attempted before: only then is
   * it worth looking for the traces of an earlier attempt.
   */
  readonly repeat: boolean;
}

/** Everything a receiver may know of a message's origin. */
export interface TransferContext {
  readonly protocol: 'smtp' | 'esmtp' | 'lmtp' | 'local';
  readonly peer: Peer;
  /** The name given in EHLO, HELO or LHLO; empty for local calls. */
  readonly greeting: string;
  readonly tls?: TlsFacts;
  readonly identity?: Identity;
  /** When MAIL was received, milliseconds since the epoch. */
  readonly arrivedAt: number;
  readonly traceId: TraceId;
  readonly delivery?: DeliveryAttempt;
}

/**
 * The protocol keyword of a Received field: UTF8SMTP, ESMTPSA and so on
 * (RFC 3848; RFC 6531 §4.3). A local call has none.
 */
export function transmissionType(context: TransferContext, smtpUtf8: boolean): string | undefined {
  if (context.protocol === 'local') return undefined;
  if (context.protocol === 'smtp') return 'SMTP';
  const lmtp = context.protocol === 'lmtp';
  const base = lmtp ? 'LMTP' : 'SMTP';
  const name = smtpUtf8 ? `UTF8${base}` : lmtp ? base : `E${base}`;
  return `${name}${context.tls === undefined ? '' : 'S'}${context.identity === undefined ? '' : 'A'}`;
}
