/**
 * What a peer's reply means, depending on what it answers.
 *
 * 5yz is permanent for the recipient (RCPT) or the message (MAIL, DATA, final dot) only.
 * In greeting, EHLO, STARTTLS and AUTH, and as 530, 534, 535 or 538 anywhere, it is our
 * or the host's trouble and therefore transient (architecture §3). A reply that fits no
 * place it could stand in means that we have lost step with the peer: transient too.
 *
 * RFC 5321 §4.2, §4.3.2, §4.5.3.1.10.
 */
import { isPermanent, MailError, peerRefusal, refuse, replyText } from '@posthouse/mail';
import type { RefusalName, RemoteHost, Reply, TlsFacts, TroubleScope } from '@posthouse/mail';

/** Names of refusals that concern the session and no message. */
export type SessionRefusal = Extract<RefusalName, `next-hop-${string}`>;

/** Who replied, and over which TLS. */
export interface Speaker {
  readonly host: RemoteHost;
  readonly tls?: TlsFacts | undefined;
}

/** 3yz: go on, which only DATA (and AUTH) may be told. */
export function isGoAhead(reply: Reply): boolean {
  return reply.code >= 300 && reply.code < 400;
}

/** The peer closes the connection with or after this reply (RFC 5321 §4.2.2). */
export function isClosing(reply: Reply): boolean {
  return reply.code === 421;
}

/**
 * RCPT's refusal. 552 is what old servers say for 452, too many recipients (RFC 5321
 * §4.5.3.1.10); who says more exactly what it is, as 5.2.2 for a full mailbox, means that.
 */
export function recipientRefusal(reply: Reply, { host, tls }: Speaker): MailError {
  const options = { host, tls, scope: scopeOf(reply, 'recipient') };
  const { status } = reply;
  const saysLess = status === undefined || status.subject === 0 || status.subject === 5;
  return reply.code === 552 && saysLess
    ? new MailError('peer-refused', reply, undefined, options)
    : peerRefusal(reply, options);
}

/** The refusal of a whole message: of MAIL, DATA, BDAT or the final dot. */
export function messageRefusal(reply: Reply, { host, tls }: Speaker): MailError {
  return peerRefusal(reply, { host, tls, scope: scopeOf(reply, 'message') });
}

/** The refusal of a session: always transient, with the peer's reply for the log and in our text. */
export function sessionRefusal(name: SessionRefusal, reply: Reply, host: RemoteHost): MailError {
  return refuse(name, {
    text: `The next host ${host.name} said: ${replyText(reply)}`,
    fields: { permanent: isPermanent(reply) },
    heard: reply,
    host,
    scope: 'host',
  });
}

/** The same loss, where the peer may have taken the message before it. */
export function inDoubt(lost: MailError): MailError {
  const { fields, heard, host, reply, scope, tls } = lost;
  return new MailError(lost.code, reply, lost.proof, {
    cause: lost,
    fields,
    tls,
    inDoubt: true,
    ...(heard && { heard }),
    ...(host && { host }),
    ...(scope && { scope }),
  });
}

/** A positive reply where none can stand. */
export function outOfStep(reply: Reply, host: RemoteHost): MailError {
  return refuse('next-hop-lost', {
    text: 'The next host broke the protocol: a reply out of place',
    fields: { reply },
    host,
    scope: 'host',
  });
}

/** 421 and what wants another session (530, 534, 535, 538) are about the host. */
function scopeOf(reply: Reply, otherwise: TroubleScope): TroubleScope {
  const aboutSession = isClosing(reply) || [530, 534, 535, 538].includes(reply.code);
  return aboutSession ? 'host' : otherwise;
}
