/**
 * What EHLO promises in this session: what the receiver keeps, cut down to what holds here.
 *
 * STARTTLS only with a certificate of ours and before TLS; AUTH only where it may be used
 * now; REQUIRETLS only under TLS (RFC 8689 §2); XPOSTHOUSE only to who is, or by its
 * login may become, an agent of ours.
 * BINARYMIME is never promised: content is lines.
 *
 * RFC 5321 §4.1.1.1 and the RFC named on a line.
 */
import type { MailReceiver } from '@posthouse/mail';
import type { OfferedParameters } from '../command-syntax/mail-command.ts';
import { PRIVATE_CONTEXT_KEYWORD } from '../private-context.ts';
import type { ListenerSettings } from './listener-options.ts';
import type { SaslMechanism, SessionFacts } from './session-policy.ts';

/** The promises of one EHLO, and what holds for MAIL and RCPT after it. */
export interface Offers extends OfferedParameters {
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly startTls: boolean;
  readonly mechanisms: readonly SaslMechanism[];
  /**
   * Whether EHLO names XPOSTHOUSE: also to a client that may turn out to be an agent of
   * ours by its login, because few clients greet again after AUTH. Taken is the parameter
   * only where `privateContext` says so.
   */
  readonly announcesContext: boolean;
}

/** Before the client has greeted. */
export const NOTHING_OFFERED: Offers = Object.freeze({
  esmtp: false,
  eightBitMime: false,
  smtpUtf8: false,
  requireTls: false,
  dsn: false,
  privateContext: false,
  maxMessageBytes: 0,
  maxRecipients: 0,
  startTls: false,
  mechanisms: [],
  announcesContext: false,
});

/** What may be promised to this session. After HELO no extension is. */
export function offersOf(
  session: SessionFacts,
  settings: ListenerSettings,
  receiver: MailReceiver,
): Offers {
  const keeps = receiver.capabilities();
  const { limits } = settings;
  const esmtp = session.protocol !== 'smtp';
  const mechanisms = session.identity === undefined ? usableMechanisms(session, settings) : [];
  const trusted = settings.trustedContext(session);
  return {
    esmtp,
    eightBitMime: esmtp && keeps.eightBitMime,
    smtpUtf8: esmtp && keeps.smtpUtf8,
    requireTls: esmtp && keeps.requireTls && session.tls !== undefined,
    dsn: esmtp && keeps.dsn,
    privateContext: esmtp && trusted,
    maxMessageBytes: Math.min(limits.maxMessageBytes, keeps.maxSizeBytes ?? Infinity),
    maxRecipients: Math.min(limits.maxRecipients, keeps.maxRecipients ?? Infinity),
    startTls: mayStartTls(session, settings),
    mechanisms,
    announcesContext: esmtp && (trusted || (mechanisms.length > 0 && settings.trustsAgents)),
  };
}

/** The lines of the EHLO reply behind our name. */
export function formatOffers(offers: Offers): readonly string[] {
  const line = (holds: boolean, text: string): readonly string[] => (holds ? [text] : []);
  return [
    'PIPELINING', // RFC 2920
    `SIZE ${offers.maxMessageBytes}`, // RFC 1870
    ...line(offers.eightBitMime, '8BITMIME'), // RFC 6152
    ...line(offers.smtpUtf8, 'SMTPUTF8'), // RFC 6531
    'ENHANCEDSTATUSCODES', // RFC 2034
    'CHUNKING', // RFC 3030
    ...line(offers.dsn, 'DSN'), // RFC 3461
    ...line(offers.startTls, 'STARTTLS'), // RFC 3207
    ...line(offers.mechanisms.length > 0, `AUTH ${offers.mechanisms.join(' ')}`), // RFC 4954
    ...line(offers.requireTls, 'REQUIRETLS'), // RFC 8689
    `LIMITS RCPTMAX=${offers.maxRecipients}`, // RFC 9422
    ...line(offers.announcesContext, PRIVATE_CONTEXT_KEYWORD),
  ];
}

export function mayStartTls(session: SessionFacts, settings: ListenerSettings): boolean {
  return settings.tls?.mode === 'starttls' && session.tls === undefined;
}

/** What this client may log in with now. */
export function usableMechanisms(
  session: SessionFacts,
  settings: ListenerSettings,
): readonly SaslMechanism[] {
  const { authentication } = settings;
  if (authentication?.isOffered() !== true) return [];
  const allowed = session.tls !== undefined || authentication.allowWithoutTls(session.peer);
  return allowed ? authentication.mechanisms : [];
}
