/**
 * `maildirsize`, the file in which all who deliver into a Maildir keep its size: Maildir++,
 * as Dovecot and Courier read and write it. Pure.
 *
 *     52428800S          what the Maildir may hold (and perhaps `,1000C`: how many messages)
 *     4096 1             what was in it when somebody counted
 *     -4096 -1           and what came and went since: octets, messages
 *
 * Lines are only appended, each in one write. Who finds the file too long, of another
 * limit or unreadable counts again and replaces it.
 */

/** What the file says. */
export interface MaildirSize {
  readonly limitBytes: number;
  readonly usedBytes: number;
  readonly messages: number;
}

/** At this length it is time to count again. */
export const MAX_MAILDIRSIZE_BYTES: number = 5120;

/** Reads the file; `undefined` where it is none. */
export function parseMaildirSize(text: string): MaildirSize | undefined {
  const [head = '', ...lines] = text.replace(/\n$/, '').split('\n');
  const limit = /^(?:.*,)?(\d{1,15})S(?:,|$)/.exec(head.trim())?.[1];
  if (limit === undefined) return undefined;
  let usedBytes = 0;
  let messages = 0;
  for (const line of lines) {
    const [, bytes, count] = /^\s*(-?\d{1,15})\s+(-?\d{1,10})\s*$/.exec(line) ?? [];
    if (bytes === undefined) return undefined;
    usedBytes += Number(bytes);
    messages += Number(count);
  }
  return { limitBytes: Number(limit), usedBytes, messages };
}

/** A whole new file. */
export function formatMaildirSize(size: MaildirSize): string {
  return `${size.limitBytes}S\n${formatChange(size.usedBytes, size.messages)}`;
}

/** A line to append. */
export function formatChange(bytes: number, messages: number): string {
  return `${bytes} ${messages}\n`;
}
