/**
 * The addresses of a draft: read leniently as people write them, then checked strictly.
 *
 * Nodemailer's parser knows names, comments and groups but passes whatever it finds as an
 * address; what counts is our own parser's word. Groups are replaced by their members.
 *
 * RFC 5322 §3.4; RFC 5321 §4.1.2.
 */
import { parseMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type { Address } from 'nodemailer/lib/addressparser';
import type { DraftAddress, DraftAddresses, DraftMailbox } from './draft.ts';
import type { DraftProblem } from './draft-error.ts';
import { canBeFolded, oneLine } from './one-line.ts';

/** An address of a draft that is one. */
export interface NamedMailbox {
  readonly name: string;
  readonly mailbox: Mailbox;
}

/** Reads what stands in one place of a draft, and adds what is wrong with it to `problems`. */
export async function readAddresses(
  place: string,
  addresses: DraftAddresses | undefined,
  problems: DraftProblem[],
): Promise<readonly NamedMailbox[]> {
  const found: NamedMailbox[] = [];
  for (const { name, address } of await partsOf(addresses)) {
    const mailbox = parseMailbox(address.trim());
    const text = whatIsWrong(name ?? '', address, mailbox);
    if (text !== undefined) problems.push({ place, text });
    else if (mailbox !== undefined) found.push({ name: oneLine(name ?? ''), mailbox });
  }
  return found;
}

function whatIsWrong(
  name: string,
  address: string,
  mailbox: Mailbox | undefined,
): string | undefined {
  const quoted = JSON.stringify(address);
  if (mailbox === undefined)
    return `${quoted} is not an address: it should be like name@example.com`;
  // Nodemailer would write another address than this one.
  if (/[<>]/.test(mailbox.localPart))
    return `${quoted} has angle brackets, which cannot be written`;
  if (!canBeFolded(name)) return `the name of ${quoted} is too long`;
  return undefined;
}

async function partsOf(addresses: DraftAddresses | undefined): Promise<readonly DraftMailbox[]> {
  if (addresses === undefined) return [];
  const list: readonly DraftAddress[] = isList(addresses) ? addresses : [addresses];
  const parts: DraftMailbox[] = [];
  for (const address of list) {
    if (typeof address === 'string') parts.push(...(await parseText(address)));
    else parts.push(address);
  }
  return parts;
}

function isList(addresses: DraftAddresses): addresses is readonly DraftAddress[] {
  return Array.isArray(addresses);
}

async function parseText(text: string): Promise<readonly DraftMailbox[]> {
  // First of all as it stands: the lenient parser loses the quotes of "a b"@example.com.
  if (parseMailbox(text.trim()) !== undefined) return [{ address: text }];
  const { default: parse } = await import('nodemailer/lib/addressparser');
  return parse(text, { flatten: true }).map((entry: Address) => ({
    name: entry.name,
    // A bare word comes out as a name without an address: then the word is what is wrong.
    address: entry.address === undefined || entry.address === '' ? entry.name : entry.address,
  }));
}
