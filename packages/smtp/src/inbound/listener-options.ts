/**
 * What a listener can be told, with defaults, checked once when it is made.
 */
import { createSecureContext } from 'node:tls';
import type { Domain, MailReceiver, Peer } from '@posthouse/mail';
import type { SaslMechanism, SessionFacts, SessionPolicy } from './session-policy.ts';

/** Where to listen. Port 0 takes a free one; a path is a unix socket or a Windows pipe. */
export type ListenAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** A certificate with its key, in PEM. */
export interface TlsCertificate {
  readonly key: string;
  readonly cert: string;
}

export type BareLineEndings = 'refuse' | 'normalize';

/** Every limit and duration of a listener. */
export interface ListenerLimits {
  /** Largest message; the receiver's own limit counts where it is lower. @default 26214400 */
  readonly maxMessageBytes: number;
  /** Recipients in one transaction; the receiver's own limit counts where it is lower. @default 1000 */
  readonly maxRecipients: number;
  /** Connections at the same time. @default 1000 */
  readonly maxConnections: number;
  /** Connections at the same time from one address, or one IPv6 /64. @default 50 */
  readonly maxConnectionsPerPeer: number;
  /** Commands answered with 5yz before the connection is closed; an accepted message sets the count back. @default 50 */
  readonly maxCommandsWithErrors: number;
  /** Failed logins before the connection is closed. @default 3 */
  readonly maxAuthenticationFailures: number;
  /** How long the client may be silent (RFC 5321 §4.5.3.2.7). @default 300000 */
  readonly commandTimeoutMs: number;
  /** How long the data of one message may take in all. @default 1800000 */
  readonly dataTimeoutMs: number;
  /** Slowest mail data, on average, after half a minute. @default 256 */
  readonly minDataBytesPerSecond: number;
  /** How long one session may go on; never ends one within mail data. @default 3600000 */
  readonly sessionTimeoutMs: number;
}

/** The defaults of `ListenerLimits`. */
export const DEFAULT_LISTENER_LIMITS: ListenerLimits = Object.freeze({
  maxMessageBytes: 25 * 1024 * 1024,
  maxRecipients: 1000,
  maxConnections: 1000,
  maxConnectionsPerPeer: 50,
  maxCommandsWithErrors: 50,
  maxAuthenticationFailures: 3,
  commandTimeoutMs: 5 * 60_000,
  dataTimeoutMs: 30 * 60_000,
  minDataBytesPerSecond: 256,
  sessionTimeoutMs: 60 * 60_000,
});

/** How to listen. */
export interface ListenerOptions {
  /** `lmtp` answers the mail data once for each recipient (RFC 2033). */
  readonly protocol: 'smtp' | 'lmtp';
  readonly listen: ListenAddress;
  /** Our name in the greeting and in Received. */
  readonly hostname: Domain;
  /** Whose postmaster `RCPT TO:<postmaster>` is (RFC 5321 §4.5.1). @default the hostname's */
  readonly postmasterDomain?: Domain | undefined;
  /** Absent: no TLS. TLS 1.2 is the oldest version taken. */
  readonly tls?: (TlsCertificate & { readonly mode: 'starttls' | 'implicit' }) | undefined;
  /** Whether MAIL and the rest wait for TLS (530). @default false */
  readonly requireTls?: boolean | undefined;
  /** Absent: AUTH is not offered. */
  readonly authentication?:
    | {
        /** Whether MAIL waits for a login (530). */
        readonly required: boolean;
        readonly mechanisms: readonly SaslMechanism[];
        /** Who may log in without TLS. @default nobody */
        readonly allowWithoutTls?: ((peer: Peer) => boolean) | undefined;
        /** Asked at each EHLO, where logins may come and go. @default always */
        readonly isOffered?: (() => boolean) | undefined;
      }
    | undefined;
  /**
   * What becomes of a CR or LF alone: the message is refused with 550, or made right.
   * @default 'refuse'
   */
  readonly bareLineEndings?: BareLineEndings | ((peer: Peer) => BareLineEndings) | undefined;
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** How long `stop` waits for open transactions. @default 30000 */
  readonly drainMs?: number | undefined;
  /** Whose `XPOSTHOUSE` is offered and believed: only sessions of our own agents. @default nobody */
  readonly trustedContext?: ((session: SessionFacts) => boolean) | undefined;
}

/** Options with every default filled in. */
export interface ListenerSettings {
  readonly protocol: 'smtp' | 'lmtp';
  readonly listen: ListenAddress;
  readonly hostname: Domain;
  readonly postmasterDomain: Domain;
  readonly tls: ListenerOptions['tls'];
  readonly requireTls: boolean;
  readonly authentication:
    | {
        readonly required: boolean;
        readonly mechanisms: readonly SaslMechanism[];
        readonly allowWithoutTls: (peer: Peer) => boolean;
        readonly isOffered: () => boolean;
      }
    | undefined;
  readonly bareLineEndings: (peer: Peer) => BareLineEndings;
  readonly limits: ListenerLimits;
  readonly drainMs: number;
  readonly trustedContext: (session: SessionFacts) => boolean;
  /** Whether there is anybody whose context is believed. */
  readonly trustsAgents: boolean;
}

/**
 * Fills in the defaults.
 * @throws TypeError where the parts do not fit together, or key and certificate cannot be used
 * @throws RangeError naming the limit that makes no sense
 */
export function resolveListenerOptions(
  options: ListenerOptions,
  receiver: MailReceiver,
  policy: SessionPolicy,
): ListenerSettings {
  const { authentication, bareLineEndings = 'refuse', protocol, requireTls = false, tls } = options;
  if (protocol === 'smtp' && receiver.results === 'per-recipient') {
    // RFC 5321 §4.2.5: one reply after the mail data could not tell the truth.
    throw new TypeError('an SMTP listener cannot stand in front of a per-recipient receiver');
  }
  if (authentication !== undefined && policy.authenticate === undefined) {
    throw new TypeError('a listener that offers AUTH needs policy.authenticate');
  }
  if (requireTls && tls === undefined) {
    throw new TypeError('requireTls needs a certificate in tls');
  }
  if (tls !== undefined) createSecureContext({ key: tls.key, cert: tls.cert });
  const drainMs = options.drainMs ?? 30_000;
  requireNumber('drainMs', drainMs, 0);
  return {
    protocol,
    listen: { ...options.listen },
    hostname: options.hostname,
    postmasterDomain: options.postmasterDomain ?? options.hostname,
    tls: tls && { ...tls },
    requireTls,
    authentication: authentication && {
      required: authentication.required,
      mechanisms: [...authentication.mechanisms],
      allowWithoutTls: authentication.allowWithoutTls ?? (() => false),
      isOffered: authentication.isOffered ?? (() => true),
    },
    bareLineEndings:
      typeof bareLineEndings === 'function' ? bareLineEndings : () => bareLineEndings,
    limits: resolveLimits(options.limits ?? {}),
    drainMs,
    trustedContext: options.trustedContext ?? (() => false),
    trustsAgents: options.trustedContext !== undefined,
  };
}

function resolveLimits(given: Partial<ListenerLimits>): ListenerLimits {
  const limits = { ...DEFAULT_LISTENER_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) requireNumber(name, value, 1);
  return limits;
}

function requireNumber(name: string, value: unknown, least: number): void {
  if (typeof value !== 'number' || !(value >= least)) {
    throw new RangeError(`${name} must be a number from ${least} on: ${String(value)}`);
  }
}
