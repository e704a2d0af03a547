/**
 * The attachments of a draft, checked, and as nodemailer takes them.
 *
 * Every attachment travels in base64, so that its octets arrive as they are. A message or
 * multipart must not be encoded (RFC 2046 §5.2.1): one that any mail system carries as it
 * is goes so, every other as plain octets.
 */
import { Readable } from 'node:stream';
import type { MailComposerAttachment } from 'nodemailer/lib/mail-composer';
import type { DraftAttachment, DraftContent } from './draft.ts';
import type { DraftProblem } from './draft-error.ts';
import { canBeFolded, oneLine } from './one-line.ts';

const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const CONTENT_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(?:; *${TOKEN}=(?:${TOKEN}|"[\\u0020\\u0021\\u0023-\\u005b\\u005d-\\u007e]*"))*$`,
);
const CID = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,200}$/;
/** RFC 5322 §2.1.1. */
const MAX_LINE_OCTETS = 998;

/** Adds what is wrong with the attachments to `problems`. */
export function checkAttachments(
  attachments: readonly DraftAttachment[],
  problems: DraftProblem[],
): void {
  attachments.forEach(({ contentType, cid, filename }, index) => {
    const place = `attachments[${index}]`;
    if (contentType !== undefined && !CONTENT_TYPE.test(contentType)) {
      const text = `${JSON.stringify(contentType)} is not a type: it should be like image/png`;
      problems.push({ place: `${place}.contentType`, text });
    }
    if (cid !== undefined && !CID.test(cid)) {
      const text = `${JSON.stringify(cid)} cannot stand in a link: use letters, digits, - _ . @`;
      problems.push({ place: `${place}.cid`, text });
    }
    if (filename !== undefined && !canBeFolded(filename)) {
      problems.push({ place: `${place}.filename`, text: 'the file name is too long' });
    }
  });
}

/** The attachment for one building of the message. */
export function toComposerAttachment(attachment: DraftAttachment): MailComposerAttachment {
  const { content, contentType, cid } = attachment;
  const filename = attachment.filename === undefined ? '' : oneLine(attachment.filename);
  const isEntity = contentType !== undefined && /^(?:message|multipart)\//i.test(contentType);
  const asItIs = isEntity && /^message\/rfc822$/i.test(contentType) && isPlainMail(content);
  return {
    content: composerContent(content),
    filename: filename === '' ? false : filename,
    ...(contentType === undefined ? {} : { contentType }),
    ...(isEntity && !asItIs ? { contentType: 'application/octet-stream' } : {}),
    ...(isEntity ? { contentDisposition: 'attachment' } : {}),
    contentTransferEncoding: asItIs ? '7bit' : 'base64',
    ...(cid === undefined ? {} : { cid }),
  };
}

function composerContent(content: DraftContent): Buffer | Readable {
  if (typeof content === 'string') return Buffer.from(content.toWellFormed());
  // A function's octets: a stream of octets, not of objects, or nodemailer would encode each apart.
  if (typeof content === 'function') return Readable.from(content(), { objectMode: false });
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/** ASCII without NUL, in lines that are not too long and end in CRLF or LF. */
function isPlainMail(content: DraftContent): boolean {
  if (typeof content === 'function') return false;
  const octets = typeof content === 'string' ? Buffer.from(content) : content;
  let lineOctets = 0;
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i] ?? 0;
    if (octet === 0 || octet > 0x7f || (octet === 0x0d && octets[i + 1] !== 0x0a)) return false;
    lineOctets = octet === 0x0a ? 0 : lineOctets + 1;
    if (lineOctets > MAX_LINE_OCTETS) return false;
  }
  return true;
}
