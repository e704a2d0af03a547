/**
 * Composes a delivery status notification: a multipart/report of a text for people,
 * the delivery status for programs, and what is returned of the message.
 *
 * The same report gives the same octets. They have CRLF line ends, and 8-bit only
 * where the returned message has it or the status is international; everything
 * else is 7-bit. The content of the returned message is not touched.
 *
 * RFC 3464 §2, RFC 6522 (multipart/report), RFC 6533 §4 to §6 (international),
 * RFC 3834 §3.1 (Auto-Submitted), RFC 5321 §4.5.5 (null reverse-path).
 */
import { isAscii, isUtf8 } from 'node:buffer';
import type NodemailerNode from 'nodemailer/lib/mime-node';
import {
  NULL_PATH,
  formatFields,
  formatMailbox,
  needsSmtpUtf8,
  parseMessageId,
  readHeaderSection,
} from '@posthouse/mail';
import type { ForwardPath, MailParams, MessageId, RcptParams } from '@posthouse/mail';
import { deliveryStatusPart } from './delivery-status.ts';
import { humanText, subjectOf } from './human-part.ts';
import { MimeNode } from './mime-node.ts';
import type { DsnReport } from './report.ts';
import type { ReturnedContent } from './returned-content.ts';

/** A notification with its envelope, as it enters a queue. */
export interface ComposedDsn {
  readonly reversePath: typeof NULL_PATH;
  readonly forwardPath: ForwardPath;
  readonly mailParams: MailParams;
  readonly rcptParams: RcptParams;
  readonly messageId: MessageId | undefined;
  readonly bytes: Buffer;
}

/** Composes. */
export async function composeDsn(report: DsnReport): Promise<ComposedDsn> {
  const { to } = report.notification;
  const messageId = `<${report.id}@${report.reportingMta}>`;
  const root = new MimeNode('multipart/report; report-type=delivery-status', {
    baseBoundary: report.id,
    boundaryPrefix: '=_',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  root.setHeader([
    { key: 'Date', value: new Date(report.madeAt) },
    {
      key: 'From',
      value: { name: 'Mail Delivery System', address: `MAILER-DAEMON@${report.reportingMta}` },
    },
    { key: 'To', value: { name: '', address: formatMailbox(to) } },
    { key: 'Subject', value: subjectOf(report) },
    { key: 'Message-ID', value: messageId },
    ...threading(report.message.messageId),
    { key: 'Auto-Submitted', value: 'auto-replied' },
  ]);
  addText(root, humanText(report));
  addStatus(root, report);
  addReturned(root, report.returned);
  const bytes = await root.build();
  return {
    reversePath: NULL_PATH,
    forwardPath: to,
    mailParams: {
      body: isAscii(bytes) ? '7BIT' : '8BITMIME',
      ...(needsSmtpUtf8(to) ? { smtpUtf8: true } : {}),
      // What would not travel without TLS does not come back without it (RFC 8689 §5).
      ...(report.message.params.requireTls === true ? { requireTls: true } : {}),
    },
    rcptParams: { notify: 'never' }, // RFC 3461 §6.1
    messageId: parseMessageId(messageId),
    bytes,
  };
}

function threading(messageId: MessageId | undefined): { key: string; value: string }[] {
  if (messageId === undefined || !isAscii(Buffer.from(messageId))) return [];
  return ['In-Reply-To', 'References'].map((key) => ({ key, value: messageId }));
}

/** Not encoded where it need not be: people read reports in raw files, too. */
function addText(root: NodemailerNode, text: string): void {
  const bytes = Buffer.from(text);
  const plain = isAscii(bytes) && isSendable(bytes);
  if (plain) addUntouched(root, bytes, 'text/plain; charset=us-ascii');
  else root.createChild('text/plain; charset=utf-8').setContent(text);
}

function addStatus(root: NodemailerNode, report: DsnReport): void {
  const status = deliveryStatusPart(report);
  const node = root.createChild(status.contentType).setContent(status.text);
  if (status.contentType === 'message/global-delivery-status') {
    node.setHeader('Content-Transfer-Encoding', '8bit');
  }
}

/** As it is, where it may travel so; else its header section, encoded. */
function addReturned(root: NodemailerNode, { kind, bytes }: ReturnedContent): void {
  const section = readHeaderSection(bytes);
  const headers = kind === 'headers' ? bytes : formatFields(section.fields);
  const international = !isAscii(headers);
  if (kind === 'message' && isSendable(bytes)) {
    addUntouched(root, bytes, international ? 'message/global' : 'message/rfc822');
  } else if (!international && isSendable(headers)) {
    addUntouched(root, headers, 'text/rfc822-headers');
  } else {
    root
      .createChild(isUtf8(headers) ? 'message/global-headers' : 'text/rfc822-headers')
      .setHeader('Content-Transfer-Encoding', 'quoted-printable')
      .setContent(headers);
  }
}

/** Past nodemailer, which would encode text of any kind. */
function addUntouched(root: NodemailerNode, bytes: Buffer, contentType: string): void {
  const encoding = isAscii(bytes) ? '7bit' : '8bit';
  const fields = `Content-Type: ${contentType}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  root.createChild().setRaw(Buffer.concat([Buffer.from(fields), bytes]));
}

/** Whether octets may travel as 7bit or 8bit: lines of at most 998, ended by CRLF, no NUL (RFC 2045 §2.7, §2.8). */
function isSendable(bytes: Buffer): boolean {
  const lines = bytes.toString('latin1').split('\r\n');
  return lines.every((line) => line.length <= 998 && !/[\u0000\r\n]/.test(line));
}
