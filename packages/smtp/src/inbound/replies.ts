/**
 * The replies of a listener other than its refusals, and how a refusal is said.
 *
 * A MailError is said exactly as it stands. Two replies of a next host cannot be passed
 * on as they came, because they would mean something about ourselves: 421 (we would
 * close) and a 5yz that proves nothing about the message, such as 530. Both become 451
 * with the host's text, so that the author tries again (architecture §3).
 *
 * RFC 5321 §4.2.3; RFC 2034 §4 (a status on every reply but greeting, EHLO and 3yz).
 */
import { createReply, enhancedStatus, isPermanent, replyStatus } from '@posthouse/mail';
import type { MailError, Reply } from '@posthouse/mail';

const status = enhancedStatus;

export const SENDER_OK: Reply = createReply(250, status(2, 1, 0), 'Sender ok');
export const RECIPIENT_OK: Reply = createReply(250, status(2, 1, 5), 'Recipient ok');
export const SEND_CONTENT: Reply = createReply(354, undefined, 'End data with <CR><LF>.<CR><LF>');
export const RESET: Reply = createReply(250, status(2, 0, 0), 'Ok');
export const NOTHING_DONE: Reply = createReply(250, status(2, 0, 0), 'Ok');
export const BYE: Reply = createReply(221, status(2, 0, 0), 'Bye');
export const READY_FOR_TLS: Reply = createReply(220, status(2, 0, 0), 'Ready to start TLS');
export const LOGGED_IN: Reply = createReply(235, status(2, 7, 0), 'Authentication succeeded');
export const CANNOT_VERIFY: Reply = createReply(
  252,
  status(2, 5, 2),
  'Cannot verify, but will take the message and try to deliver it',
);
export const HELP: Reply = createReply(
  214,
  status(2, 0, 0),
  'EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS AUTH',
  'See RFC 5321',
);

/** 250 to a BDAT that is not the last (RFC 3030 §2). */
export function octetsReceived(octets: number): Reply {
  return createReply(250, status(2, 0, 0), `${octets} octets received`);
}

/** How a refusal is said to the client. */
export function replyTo(error: MailError): Reply {
  if (error.origin === 'ourselves') return error.reply;
  return passedOn(error.reply, error.permanent);
}

/** A next host's reply in our mouth: as it came, or with a code of the class that is true of us. */
export function passedOn(reply: Reply, permanent: boolean): Reply {
  const { subject, detail } = replyStatus(reply);
  if (reply.code !== 421 && isPermanent(reply) === permanent) {
    return reply.status === undefined ? { ...reply, status: replyStatus(reply) } : reply;
  }
  return permanent
    ? { code: 554, status: status(5, subject, detail), lines: reply.lines }
    : { code: 451, status: status(4, subject, detail), lines: reply.lines };
}
