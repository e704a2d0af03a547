/**
 * How long we wait for a peer, one constant per phase.
 *
 * The values are the least that RFC 5321 §4.5.3.2 asks of a client, except where an
 * author waits at the other end of us: the reply after the final dot gets five minutes
 * and not ten, so that we answer before the author gives up. What passes is transient;
 * after the final dot it is also in doubt.
 */

/** Waits of one outbound session, in milliseconds. */
export interface OutboundTimeouts {
  /** Until the TCP connection stands. The RFC names none. @default 30 s */
  readonly connectMs: number;
  /** The 220 greeting, RFC 5321 §4.5.3.2.1. @default 5 min */
  readonly greetingMs: number;
  /** Each reply to EHLO, LHLO and AUTH. @default 5 min */
  readonly commandMs: number;
  /** STARTTLS with its handshake, or the handshake of implicit TLS. @default 1 min */
  readonly tlsMs: number;
  /** MAIL, RFC 5321 §4.5.3.2.2. @default 5 min */
  readonly mailMs: number;
  /** RCPT, RFC 5321 §4.5.3.2.3. @default 5 min */
  readonly rcptMs: number;
  /** From DATA to its 354, RFC 5321 §4.5.3.2.4. @default 2 min */
  readonly dataMs: number;
  /** Until the peer has taken one block of content, RFC 5321 §4.5.3.2.5. @default 3 min */
  readonly blockMs: number;
  /** The reply after the final dot, RFC 5321 §4.5.3.2.6 (which says 10 min). @default 5 min */
  readonly finalDotMs: number;
  /** RSET and QUIT: nothing hangs on them. @default 20 s */
  readonly partingMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** For a sender with a queue behind it, that can wait as long as the RFC asks. */
export const OUTBOUND_TIMEOUTS: OutboundTimeouts = {
  connectMs: 30 * SECOND_MS,
  greetingMs: 5 * MINUTE_MS,
  commandMs: 5 * MINUTE_MS,
  tlsMs: MINUTE_MS,
  mailMs: 5 * MINUTE_MS,
  rcptMs: 5 * MINUTE_MS,
  dataMs: 2 * MINUTE_MS,
  blockMs: 3 * MINUTE_MS,
  finalDotMs: 5 * MINUTE_MS,
  partingMs: 20 * SECOND_MS,
};

/** For cut-through: opening a session and MAIL together stay under the five minutes an author waits for MAIL. */
export const CUT_THROUGH_TIMEOUTS: OutboundTimeouts = {
  ...OUTBOUND_TIMEOUTS,
  connectMs: 15 * SECOND_MS,
  greetingMs: 45 * SECOND_MS,
  commandMs: 30 * SECOND_MS,
  tlsMs: 30 * SECOND_MS,
  mailMs: 2 * MINUTE_MS,
  rcptMs: 4 * MINUTE_MS,
  dataMs: 90 * SECOND_MS,
};
