/**
 * The header section that a local program wrote, made whole: what is missing is added,
 * names alone become addresses of this host, Bcc is read and taken out. Pure.
 *
 * Added where missing: Date, From, Message-ID; in a message that is sent on (Resent- fields)
 * also Resent-Date, Resent-From and Resent-Message-ID. With `-t` the recipients are those of
 * To, Cc and Bcc, or of the Resent- ones where there are any.
 *
 * RFC 5322 §3.6 (which fields there must be), §3.6.3, §3.6.6 (Resent); RFC 2047 (the name).
 */
import {
  createField,
  fieldValue,
  formatDateTime,
  formatFields,
  formatMailbox,
  qualifyAddresses,
  readLocalAddresses,
} from '@posthouse/mail';
import type { Domain, HeaderField, HeaderSection, Mailbox } from '@posthouse/mail';

/** What is put in where it is missing. */
export interface AuthorFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Two fresh identifiers, for a Message-ID and a Resent-Message-ID. */
  readonly ids: readonly [string, string];
  readonly hostname: Domain;
  /** Completes names alone. */
  readonly domain: Domain;
  readonly author: Mailbox;
  /** Empty: the address alone. */
  readonly fullName: string;
}

/** A whole header section. */
export interface CompleteHeader {
  /** With its empty line. */
  readonly octets: Buffer;
  /** Of To, Cc and Bcc, or of the Resent- fields. */
  readonly recipients: readonly Mailbox[];
  /** A field that names recipients and cannot be read. */
  readonly unreadable?: string;
}

const RECIPIENTS: readonly string[] = ['to', 'cc', 'bcc'];
const ADDRESSES: ReadonlySet<string> = new Set(
  ['from', 'sender', 'reply-to', ...RECIPIENTS].flatMap((name) => [name, `resent-${name}`]),
);
const BLIND: ReadonlySet<string> = new Set(['bcc', 'resent-bcc']);

/** Makes it whole. */
export function completeHeader(section: HeaderSection, facts: AuthorFacts): CompleteHeader {
  const { fields } = section;
  const isResent = fields.some(({ name }) => name.startsWith('resent-'));
  const sources = new Set(RECIPIENTS.map((name) => (isResent ? `resent-${name}` : name)));
  const recipients: Mailbox[] = [];
  let unreadable: string | undefined;
  for (const field of fields.filter(({ name }) => sources.has(name))) {
    const named = readLocalAddresses(fieldValue(field), facts.domain);
    if (named === undefined) unreadable ??= `${field.name}: ${fieldValue(field)}`.slice(0, 200);
    else recipients.push(...named);
  }
  const kept = fields.filter(({ name }) => !BLIND.has(name));
  const whole = kept.map((field) => qualified(field, facts.domain));
  const added = missingFields(new Set(fields.map(({ name }) => name)), facts, isResent);
  return {
    // What is sent on gets its fields in front (RFC 5322 §3.6.6).
    octets: Buffer.concat([
      formatFields(isResent ? [...added, ...whole] : [...whole, ...added]),
      Buffer.from('\r\n'),
    ]),
    recipients,
    ...(unreadable === undefined ? {} : { unreadable }),
  };
}

function missingFields(
  present: ReadonlySet<string>,
  facts: AuthorFacts,
  isResent: boolean,
): readonly HeaderField[] {
  const { author, fullName, hostname, ids, now } = facts;
  const from =
    fullName === '' ? formatMailbox(author) : `${phrase(fullName)} <${formatMailbox(author)}>`;
  const prefixes = isResent ? ['Resent-', ''] : [''];
  return prefixes
    .flatMap((prefix, index) => [
      [`${prefix}Date`, formatDateTime(now)] as const,
      [`${prefix}From`, from] as const,
      [`${prefix}Message-ID`, `<${ids[index === 0 ? 0 : 1]}@${hostname}>`] as const,
    ])
    .filter(([name]) => !present.has(name.toLowerCase()))
    .map(([name, value]) => createField(name, value));
}

/** Names alone get the domain. Octets that are no UTF-8 are not touched. */
function qualified(field: HeaderField, domain: Domain): HeaderField {
  if (!ADDRESSES.has(field.name)) return field;
  const colon = field.raw.indexOf(':') + 1;
  const octets = Buffer.from(field.raw.slice(colon), 'latin1');
  const value = octets.toString('utf8');
  if (!Buffer.from(value).equals(octets)) return field;
  const whole = qualifyAddresses(value, domain);
  if (whole === value) return field;
  const raw = field.raw.slice(0, colon) + Buffer.from(whole).toString('latin1');
  return { name: field.name, raw };
}

/** A name in front of an address: as it is, quoted, or in encoded words of at most 75 characters. */
function phrase(name: string): string {
  const plain = name.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  if (/^[\w !#$%&'*+/=?^`{|}~-]*$/.test(plain)) return plain;
  if (/^[\u0020-\u007e]*$/.test(plain)) return `"${plain.replace(/["\\]/g, '\\$&')}"`;
  const words: string[] = [];
  let word = '';
  for (const character of plain) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word]
    .map((text) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`)
    .join('\r\n ');
}
