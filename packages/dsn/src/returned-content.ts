/**
 * How much of a message goes back with a notification.
 *
 * The whole message only with news of a failure, where the author did not say
 * RET=HDRS, where it is small, and where its way here did not require TLS.
 *
 * RFC 3461 §4.3 and §6.2 (RET), RFC 3464 §2, RFC 8689 §5 (REQUIRETLS).
 */
import { findHeaderEnd, readContent } from '@posthouse/mail';
import type { MailContent, MailParams, NotifyEvent } from '@posthouse/mail';

/** The whole message, or its header section. Canonical CRLF. */
export interface ReturnedContent {
  readonly kind: 'message' | 'headers';
  readonly bytes: Buffer;
}

/** What decides. */
export interface ReturnRules {
  readonly kind: NotifyEvent;
  readonly params: MailParams;
  /** Largest message that is returned whole. @default 102400 */
  readonly maxReturnedBytes?: number | undefined;
}

const DEFAULT_MAX_RETURNED_BYTES = 100 * 1_024;
const MAX_HEADER_BYTES = 64 * 1_024;

/** Reads what is to be returned. @throws what the content's storage throws */
export async function readReturnedContent(
  content: MailContent,
  rules: ReturnRules,
): Promise<ReturnedContent> {
  const maxBytes = rules.maxReturnedBytes ?? DEFAULT_MAX_RETURNED_BYTES;
  const whole = content.prefix.byteLength + content.sizeBytes;
  if (mayReturnWhole(rules) && whole <= maxBytes) {
    return { kind: 'message', bytes: await readContent(content, maxBytes) };
  }
  return { kind: 'headers', bytes: await readHeaders(content) };
}

function mayReturnWhole({ kind, params }: ReturnRules): boolean {
  return kind === 'failure' && params.ret !== 'HDRS' && params.requireTls !== true;
}

/** The header section without its empty line; cut at the end of a line where it is very long. */
async function readHeaders(content: MailContent): Promise<Buffer> {
  let read: Buffer = Buffer.from(content.prefix);
  for await (const chunk of content.open()) {
    read = Buffer.concat([read, chunk]);
    if (findHeaderEnd(read) !== undefined || read.length > MAX_HEADER_BYTES) break;
  }
  const end = findHeaderEnd(read);
  if (end !== undefined && end <= MAX_HEADER_BYTES) return read.subarray(0, end - 2);
  if (read.length <= MAX_HEADER_BYTES) return read;
  return read.subarray(0, read.lastIndexOf('\r\n', MAX_HEADER_BYTES - 2) + 2);
}
