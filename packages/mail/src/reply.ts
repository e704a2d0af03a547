/**
 * An SMTP reply: three-digit code, optional enhanced status, one or more lines.
 *
 * The same type is what we say and what a peer said. Text is kept as it came,
 * less the code and the enhanced status in front of it.
 *
 * RFC 5321 §4.2; RFC 2034 §4 (the status stands in front of the text).
 */
import { formatStatus, parseStatus } from './status.ts';
import type { EnhancedStatus, StatusClass } from './status.ts';

/** Plain data. `lines` has at least one element, perhaps empty, and none holds CR or LF. */
export interface Reply {
  readonly code: number;
  readonly status?: EnhancedStatus;
  readonly lines: readonly string[];
}

/** Makes a reply of one or more lines; control characters in the text become spaces. */
export function createReply(
  code: number,
  status: EnhancedStatus | undefined,
  ...lines: readonly string[]
): Reply {
  if (!Number.isInteger(code) || code < 200 || code > 599)
    throw new RangeError(`no reply code: ${code}`);
  const clean =
    lines.length === 0 ? [''] : lines.map((line) => line.replace(/[\u0000-\u001f\u007f]+/g, ' '));
  return status === undefined ? { code, lines: clean } : { code, status, lines: clean };
}

/**
 * Reads the text of each line of a reply with the code taken off. The enhanced
 * status is recognised where its class fits the code (RFC 2034 §4).
 */
export function readReply(code: number, texts: readonly string[]): Reply {
  const status = leadingStatus(code, texts[0] ?? '');
  if (status === undefined) return createReply(code, undefined, ...texts);
  const prefix = `${formatStatus(status)} `;
  const lines = texts.map((text) =>
    `${text} `.startsWith(prefix) ? text.slice(prefix.length) : text,
  );
  return createReply(code, status, ...lines);
}

/** The reply's wire lines without CRLF, with `-` after the code on all but the last. */
export function formatReply(reply: Reply): readonly string[] {
  const status = reply.status === undefined ? '' : `${formatStatus(reply.status)} `;
  const last = reply.lines.length - 1;
  return reply.lines.map((line, i) => `${reply.code}${i === last ? ' ' : '-'}${status}${line}`);
}

/** The reply on one line, for logs and reports. */
export function replyText(reply: Reply): string {
  const status = reply.status === undefined ? '' : `${formatStatus(reply.status)} `;
  return `${reply.code} ${status}${reply.lines.join(' ')}`.trimEnd();
}

/** The enhanced status, or the general one of the code's class (RFC 3463 §3.1: x.0.0). */
export function replyStatus(reply: Reply): EnhancedStatus {
  return reply.status ?? { class: classOf(reply.code), subject: 0, detail: 0 };
}

export function isPositive(reply: Reply): boolean {
  return reply.code < 400;
}

/** 5yz; anything else that is no success is transient (RFC 5321 §4.2.1). */
export function isPermanent(reply: Reply): boolean {
  return reply.code >= 500;
}

function classOf(code: number): StatusClass {
  if (code < 400) return 2;
  return code < 500 ? 4 : 5;
}

function leadingStatus(code: number, text: string): EnhancedStatus | undefined {
  const status = parseStatus(text.split(' ', 1)[0] ?? '');
  return status !== undefined && status.class === classOf(code) ? status : undefined;
}
