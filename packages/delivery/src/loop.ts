/**
 * Delivered-To loops: a message that was delivered to this very recipient before, and has
 * come back, would go round for ever (RFC 9228 §4).
 *
 * Only the octets given are looked at: the start of the content, in its stored form.
 */
import { fieldValues, mailboxKey, parseMailbox, readHeaderSection } from '@posthouse/mail';
import type { ForwardPath } from '@posthouse/mail';

/** The keys (`mailboxKey`) of all recipients that the message was delivered to already. */
export function deliveredBefore(opening: Buffer): ReadonlySet<string> {
  const end = opening.indexOf('\n\n');
  const header = opening.toString('latin1', 0, end === -1 ? opening.length : end + 1);
  // Nearly no message has the field, and this is on the way of all.
  if (!/^delivered-to[ \t]*:/im.test(header)) return new Set();
  const section = readHeaderSection(Buffer.from(header.replaceAll('\n', '\r\n'), 'latin1'));
  const keys = fieldValues(section, 'delivered-to')
    .map((value) => parseMailbox(value.replace(/^<(.*)>$/s, '$1')))
    .filter((mailbox) => mailbox !== undefined)
    .map(mailboxKey);
  return new Set(keys);
}

/** Whether it comes past this recipient for a second time. */
export function isLoop(before: ReadonlySet<string>, recipient: ForwardPath): boolean {
  return before.size > 0 && before.has(mailboxKey(recipient));
}
