/**
 * Which recipients an operator means, as people and programs write it. Pure.
 *
 * Addresses and domains are read, so that a mistyped filter is an error and never an empty
 * selection, which would be all.
 */
import {
  formatMailbox,
  NULL_PATH,
  parseDomain,
  parseMailbox,
  parseTransactionId,
} from '@posthouse/mail';
import type { Selection } from '@posthouse/queue';

/** Fields of an order. */
export type OrderFields = Readonly<Record<string, unknown>>;

type Reader = (text: string, now: number) => Partial<Selection> | undefined;

const STATES: Readonly<Record<string, (now: number) => Partial<Selection>>> = {
  queued: () => ({ state: 'queued' }),
  held: () => ({ state: 'held' }),
  active: (now) => ({ leasedAt: now }),
};

/** Each field of a selection, and what it becomes. */
const READERS: Readonly<Record<string, Reader>> = {
  id: (text) => {
    const message = parseTransactionId(text.toUpperCase());
    return message && { message };
  },
  index: (text) => (/^\d{1,6}$/.test(text) ? { index: Number(text) } : undefined),
  state: (text, now) => (Object.hasOwn(STATES, text) ? STATES[text]?.(now) : undefined),
  domain: (text) => {
    const domain = parseDomain(text);
    return domain && { domain };
  },
  sender: (text) => {
    if (text === NULL_PATH) return { reversePath: NULL_PATH };
    const mailbox = parseMailbox(bare(text));
    return mailbox && { reversePath: formatMailbox(mailbox) };
  },
  recipient: (text) => {
    const mailbox = parseMailbox(bare(text));
    return mailbox && { recipient: formatMailbox(mailbox) };
  },
};

/** The names of the fields that select; `olderMs` is the other one. */
export const SELECTION_FIELDS: readonly string[] = Object.keys(READERS);

/** @throws TypeError naming the field that cannot be read */
export function readSelection(fields: OrderFields, now: number): Selection {
  const parts: Partial<Selection>[] = [];
  for (const [name, read] of Object.entries(READERS)) {
    const value = fields[name];
    if (value === undefined) continue;
    const part = typeof value === 'string' ? read(value, now) : undefined;
    if (part === undefined) {
      const known = name === 'state' ? `; write ${Object.keys(STATES).join(', ')}` : '';
      throw new TypeError(`${name} cannot be read: ${JSON.stringify(value)}${known}`);
    }
    parts.push(part);
  }
  const { olderMs } = fields;
  if (olderMs !== undefined) {
    if (typeof olderMs !== 'number' || !(olderMs >= 0)) throw new TypeError('olderMs is no number');
    parts.push({ acceptedBefore: now - olderMs });
  }
  return Object.assign({}, ...parts) as Selection; // of partial selections
}

function bare(text: string): string {
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
}
