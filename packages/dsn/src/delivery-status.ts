/**
 * The part for programs: every field of RFC 3464 that applies.
 *
 * Plain `message/delivery-status` is ASCII: what is not is escaped as in `\x{FC}`.
 * Where the message came with SMTPUTF8 and there is something to escape, the part
 * is `message/global-delivery-status` and UTF-8 stands for itself.
 *
 * RFC 3464 §2.2, §2.3; RFC 3461 §4.2, §6.3; RFC 6533 §3, §4.
 */
import {
  formatDateTime,
  formatMailbox,
  formatReply,
  formatStatus,
  needsSmtpUtf8,
  parseDomain,
} from '@posthouse/mail';
import type { ForwardPath, OriginalRecipient, RemoteHost } from '@posthouse/mail';
import { actionOf } from './fate.ts';
import type { RecipientFate } from './fate.ts';
import type { DsnReport } from './report.ts';
import { formatBlocks } from './status-fields.ts';
import type { StatusBlock, StatusField } from './status-fields.ts';
import { encodeUtf8Address, escapeNonAscii } from './utf8-address.ts';

/** A delivery-status part. */
export interface DeliveryStatusPart {
  readonly contentType: 'message/delivery-status' | 'message/global-delivery-status';
  readonly text: string;
}

/** Writes the part. */
export function deliveryStatusPart(report: DsnReport): DeliveryStatusPart {
  const international = blocksOf(report, GLOBAL);
  if (report.message.params.smtpUtf8 === true && /[^\u0000-\u007f]/.test(international)) {
    return { contentType: 'message/global-delivery-status', text: international };
  }
  return { contentType: 'message/delivery-status', text: blocksOf(report, ASCII) };
}

/** How text and addresses outside ASCII are written. */
interface Script {
  text(text: string): string;
  address(address: string): string;
}

const GLOBAL: Script = { text: (text) => text, address: (address) => address };
const ASCII: Script = { text: escapeNonAscii, address: encodeUtf8Address };

function blocksOf(report: DsnReport, script: Script): string {
  const { fates } = report.notification;
  const blocks = [messageBlock(report), ...fates.map((fate) => recipientBlock(fate, script))];
  return formatBlocks(blocks);
}

function messageBlock({ message, reportingMta }: DsnReport): StatusBlock {
  const { envid } = message.params;
  const from = parseDomain(message.origin.greeting);
  return [
    ...optional('Original-Envelope-Id', envid),
    { name: 'Reporting-MTA', value: `dns; ${reportingMta}` },
    ...optional('Received-From-MTA', from === undefined ? undefined : `dns; ${from}`),
    { name: 'Arrival-Date', value: formatDateTime(message.acceptedAt) },
    { name: 'X-Posthouse-Queue-Id', value: message.id },
  ];
}

function recipientBlock(fate: RecipientFate, script: Script): StatusBlock {
  const { outcome, params } = fate;
  const spoke = outcome.kind === 'expanded' ? undefined : outcome;
  return [
    ...optional('Original-Recipient', originalRecipient(params.orcpt, script)),
    { name: 'Final-Recipient', value: finalRecipient(fate.forwardPath, script) },
    ...optional('Action', actionOf(fate)),
    { name: 'Status', value: formatStatus(outcome.status) },
    ...optional('Remote-MTA', remoteMta(spoke?.host)),
    ...optional('Diagnostic-Code', diagnosticCode(fate, script)),
    ...optional('Last-Attempt-Date', date(fate.lastAttemptAt)),
    ...optional(
      'Will-Retry-Until',
      outcome.kind === 'delayed' ? date(fate.willRetryUntil) : undefined,
    ),
  ];
}

function originalRecipient(
  orcpt: OriginalRecipient | undefined,
  script: Script,
): string | undefined {
  if (orcpt === undefined) return undefined;
  const isInternational = /[^\u0000-\u007f]/.test(orcpt.address);
  return `${orcpt.type}; ${isInternational ? script.address(orcpt.address) : orcpt.address}`;
}

function finalRecipient(forwardPath: ForwardPath, script: Script): string {
  const address = formatMailbox(forwardPath);
  return needsSmtpUtf8(forwardPath) ? `utf-8; ${script.address(address)}` : `rfc822; ${address}`;
}

/** A host without a name is known by its address literal (RFC 3464 §2.1.2). */
function remoteMta(host: RemoteHost | undefined): string | undefined {
  if (host === undefined) return undefined;
  return parseDomain(host.name) === undefined && host.address !== undefined
    ? `dns; [${host.address}]`
    : `dns; ${host.name}`;
}

/** The peer's exact words, its lines parted by a space; or ours, under a type that is not SMTP's. */
function diagnosticCode({ outcome }: RecipientFate, script: Script): string | undefined {
  if (outcome.kind === 'expanded') return undefined;
  if (outcome.reply !== undefined) {
    return `smtp; ${script.text(formatReply(outcome.reply).join(' '))}`;
  }
  return outcome.kind === 'failed' || outcome.kind === 'delayed'
    ? `x-posthouse; ${script.text(outcome.reason)}`
    : undefined;
}

function date(epochMs: number | undefined): string | undefined {
  return epochMs === undefined ? undefined : formatDateTime(epochMs);
}

function optional(name: string, value: string | undefined): readonly StatusField[] {
  return value === undefined ? [] : [{ name, value }];
}
