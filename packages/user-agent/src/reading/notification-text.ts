/**
 * What a delivery notification says, in words: what became of which recipient, and why.
 *
 * Pure. A mail system's own text for people is often long and in another language; its
 * fields are not.
 *
 * RFC 3464 §2.3.
 */
import { formatStatus } from '@posthouse/mail';
import type { ReadRecipient, ReadReport } from '@posthouse/dsn';
import { printableLine } from './printable.ts';

/** The lines of the text, with LF. */
export function notificationText(report: ReadReport): string {
  const subject = printableLine(report.returned?.subject ?? '');
  const message = subject === '' ? 'A message' : `The message "${subject}"`;
  const reporter = printableLine(report.reportingMta?.value ?? '');
  const by = reporter === '' ? '' : `Reported by ${reporter}.`;
  const recipients = report.recipients.map((recipient) => aboutRecipient(message, recipient));
  return `${[...recipients, by].filter((text) => text !== '').join('\n\n')}\n`;
}

function aboutRecipient(message: string, recipient: ReadRecipient): string {
  const lines = [`${message} ${whatHappened(recipient)}`];
  const { finalRecipient, originalRecipient, diagnosticCode, status, willRetryUntil } = recipient;
  const original = originalRecipient?.value;
  if (original !== undefined && original !== finalRecipient?.value) {
    lines.push(`It was written to: ${printableLine(original)}`);
  }
  if (diagnosticCode !== undefined) {
    const host = printableLine(recipient.remoteMta?.value ?? '');
    const said = printableLine(diagnosticCode.value);
    lines.push(`${host === '' ? 'The reason' : `${host} said`}: ${said}`);
  }
  if (status !== undefined) lines.push(`Status: ${formatStatus(status)}`);
  if (willRetryUntil !== undefined) {
    lines.push(`It is tried until: ${new Date(willRetryUntil).toUTCString()}`);
  }
  return lines.join('\n');
}

function whatHappened({ action, finalRecipient, originalRecipient }: ReadRecipient): string {
  const address = finalRecipient?.value ?? originalRecipient?.value;
  const to = address === undefined ? 'a recipient' : printableLine(address);
  switch (action) {
    case 'failed':
      return `could not be delivered to ${to}.`;
    case 'delayed':
      return `has not been delivered to ${to} yet. Nothing needs to be done.`;
    case 'delivered':
      return `was delivered to ${to}.`;
    case 'relayed':
      return `was passed on for ${to}, to a server that sends no notifications.`;
    case 'expanded':
      return `was passed on to the members of ${to}.`;
    case undefined:
      return `is reported on for ${to}.`;
  }
}
