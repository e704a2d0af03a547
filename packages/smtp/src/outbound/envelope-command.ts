/**
 * The MAIL and RCPT commands, with each parameter only where the peer offers it.
 *
 * What a message cannot do without and the peer lacks is refused here, before anything
 * is sent: SMTPUTF8, REQUIRETLS, a size over the peer's limit. Eight bits are converted on
 * the way to a peer that takes seven; nobody knows then how long the content will be. What is
 * only a wish is left out: DSN parameters (the sender of the next DSN is then ourselves,
 * RFC 3461 §5.2.2) and AUTH=.
 *
 * RFC 5321 §4.1.1.2, §4.1.1.3 and the RFC named at each parameter.
 */
import {
  encodeXtext,
  formatMailbox,
  formatPath,
  needsSmtpUtf8,
  NULL_PATH,
  refuse,
} from '@posthouse/mail';
import type {
  ForwardPath,
  MailParams,
  RcptParams,
  RemoteHost,
  ReversePath,
  TlsFacts,
  TransferContext,
} from '@posthouse/mail';
import type { PeerOffers } from './offers.ts';
import { formatOriginalRecipient } from '../command-syntax/original-recipient.ts';
import { encodePrivateContext, PRIVATE_CONTEXT_KEYWORD } from '../private-context.ts';

/** What the session can do. */
export interface SessionFacts {
  readonly host: RemoteHost;
  readonly offers: PeerOffers;
  readonly tls?: TlsFacts;
  /** Whether we logged in. */
  readonly authenticated: boolean;
  /** Whether the peer may be told the context: it is one of our own agents. */
  readonly shareContext: boolean;
}

/** MAIL FROM. @throws MailError the peer cannot carry this message */
export function mailCommand(
  reversePath: ReversePath,
  params: MailParams,
  context: TransferContext,
  session: SessionFacts,
): string {
  const { offers, host } = session;
  const words = [`MAIL FROM:${formatPath(reversePath)}`];
  if (params.sizeBytes !== undefined && offers.size) {
    const limit = offers.maxSizeBytes;
    if (limit !== undefined && params.sizeBytes > limit) {
      throw refuse('message-too-large', {
        host,
        text: `The next host takes ${limit} octets at most`,
      });
    }
    if (!mustConvert(params, offers)) words.push(`SIZE=${params.sizeBytes}`); // RFC 1870 §5
  }
  if (params.body === '8BITMIME' && offers.eightBitMime) words.push('BODY=8BITMIME');
  if (wantsSmtpUtf8(reversePath, params)) {
    if (!offers.smtpUtf8) throw refuse('smtputf8-unsupported', { host }); // RFC 6531 §3.5
    words.push('SMTPUTF8');
  }
  if (params.requireTls === true) {
    // RFC 8689 §4.2.1: over TLS to a host whose certificate was verified, or not at all.
    if (session.tls?.verified !== true) throw refuse('encryption-needed', { host });
    if (!offers.requireTls) throw refuse('requiretls-unsupported', { host });
    words.push('REQUIRETLS');
  }
  if (offers.dsn) words.push(...dsnOfMail(params)); // RFC 3461 §4.3, §4.4
  if (session.authenticated) words.push(...authOfMail(params)); // RFC 4954 §5
  // Who is asked to log in, and has not, is believed nothing, and refused for trying.
  const isBelieved = session.authenticated || offers.mechanisms.length === 0;
  if (session.shareContext && offers.privateContext && isBelieved) {
    words.push(`${PRIVATE_CONTEXT_KEYWORD}=${encodePrivateContext(context)}`);
  }
  return words.join(' ');
}

/** Whether the content has eight bits and the peer takes seven only (RFC 6152 §3). */
export function mustConvert({ body }: MailParams, { eightBitMime }: PeerOffers): boolean {
  return body === '8BITMIME' && !eightBitMime;
}

/** RCPT TO. @throws MailError the recipient cannot be named in this transaction */
export function rcptCommand(
  forwardPath: ForwardPath,
  params: RcptParams,
  smtpUtf8: boolean,
  { offers, host }: SessionFacts,
): string {
  if (needsSmtpUtf8(forwardPath) && !smtpUtf8) {
    throw refuse(offers.smtpUtf8 ? 'smtputf8-required' : 'smtputf8-unsupported', { host });
  }
  const command = `RCPT TO:${formatPath(forwardPath)}`;
  return offers.dsn ? [command, ...dsnOfRcpt(params)].join(' ') : command;
}

/** Whether the transaction is one of RFC 6531: MAIL said so, or its path needs it. */
export function wantsSmtpUtf8(reversePath: ReversePath, params: MailParams): boolean {
  return params.smtpUtf8 === true || (reversePath !== NULL_PATH && needsSmtpUtf8(reversePath));
}

function dsnOfMail(params: MailParams): readonly string[] {
  return [
    ...(params.ret === undefined ? [] : [`RET=${params.ret}`]),
    ...(params.envid === undefined ? [] : [`ENVID=${encodeXtext(params.envid)}`]),
  ];
}

/** xtext has no place for an address outside ASCII; it is only a wish, and left out. */
function authOfMail({ auth }: MailParams): readonly string[] {
  if (auth === undefined) return [];
  if (auth === NULL_PATH) return [`AUTH=${NULL_PATH}`];
  return needsSmtpUtf8(auth) ? [] : [`AUTH=${encodeXtext(formatMailbox(auth))}`];
}

function dsnOfRcpt({ notify, orcpt }: RcptParams): readonly string[] {
  const events = notify === 'never' ? ['NEVER'] : notify?.map((event) => event.toUpperCase());
  return [
    ...(events === undefined ? [] : [`NOTIFY=${events.join(',')}`]),
    ...(orcpt === undefined ? [] : [`ORCPT=${formatOriginalRecipient(orcpt)}`]),
  ];
}
