/**
 * The accounts file: one account a line, in Dovecot's passwd-file format.
 *
 *     alice@example.test:{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$salt$hash::::::
 *
 * Eight fields: name, password, uid, gid, gecos, home, shell, extra fields (which may hold
 * colons). We use the first two; the others are Dovecot's, and are kept as they are. With
 * fewer than eight Dovecot does not take the line as a user. Empty lines and lines that
 * begin with `#` are kept, too. Reading is strict, and reports every mistake at once: half
 * a file of accounts is never used.
 */
import { accountName, parseAccountName } from './account.ts';
import type { Mailbox } from '@posthouse/mail';
import { readPasswordHash } from './password-hash.ts';
import type { PasswordHash } from './password-hash.ts';

/** One account as the file has it. */
export interface AccountEntry {
  /** Counted from 1. */
  readonly line: number;
  readonly name: string;
  readonly mailbox: Mailbox;
  readonly hash: PasswordHash;
}

/** One mistake in the file. */
export interface AccountsProblem {
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong and what to do, in a sentence. Never part of a password. */
  readonly text: string;
}

/** What reading gives: all accounts in their order, or all mistakes. */
export type AccountsReading =
  | { readonly kind: 'ok'; readonly entries: readonly AccountEntry[] }
  | { readonly kind: 'invalid'; readonly problems: readonly AccountsProblem[] };

const FIELDS = 8;
/** uid, gid, gecos, home, shell and extra fields: none of them ours. */
const EMPTY_TAIL = '::::::';

/** Reads the text of an accounts file. Never throws. */
export function readAccounts(text: string): AccountsReading {
  const entries = new Map<string, AccountEntry>();
  const problems: AccountsProblem[] = [];
  for (const [index, content] of splitLines(text).entries()) {
    const line = index + 1;
    if (isBlank(content)) continue;
    const read = readLine(content, line);
    if (typeof read === 'string') {
      problems.push({ line, text: read });
      continue;
    }
    const before = entries.get(read.name);
    if (before === undefined) entries.set(read.name, read);
    else problems.push({ line, text: `${read.name} stands in line ${before.line} already` });
  }
  return problems.length > 0
    ? { kind: 'invalid', problems }
    : { kind: 'ok', entries: [...entries.values()] };
}

/** The text with one more account at its end. */
export function withAccount(text: string, name: string, hash: string): string {
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${start}${name}:${hash}${EMPTY_TAIL}\n`;
}

/** The text with another password for the account of a line. */
export function withPassword(text: string, entry: AccountEntry, hash: string): string {
  return editLine(text, entry, (content) => {
    const [, , ...rest] = content.split(':');
    return [entry.name, hash, ...rest].join(':');
  });
}

/** The text without the account of a line. */
export function withoutAccount(text: string, entry: AccountEntry): string {
  return editLine(text, entry, () => undefined);
}

function editLine(
  text: string,
  entry: AccountEntry,
  edit: (content: string) => string | undefined,
): string {
  const lines = text.split('\n');
  const changed = edit(withoutReturn(lines[entry.line - 1] ?? ''));
  lines.splice(entry.line - 1, 1, ...(changed === undefined ? [] : [changed]));
  return lines.join('\n');
}

function splitLines(text: string): readonly string[] {
  return text.split('\n').map(withoutReturn);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function isBlank(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

/** The account of a line, or a sentence about what is wrong with it. */
function readLine(content: string, line: number): AccountEntry | string {
  const fields = content.split(':');
  const [name = '', password = '', uid = ''] = fields;
  const mailbox = parseAccountName(name);
  if (mailbox === undefined) return `${quote(name)} is no name of an account (local-part@domain)`;
  const canonical = accountName(mailbox);
  if (canonical !== name) return `write the name as ${canonical}`;
  if (fields.length < FIELDS) {
    return `${name} has ${fields.length} fields of ${FIELDS}: the line must end in "${EMPTY_TAIL}" after the password`;
  }
  if (/^0+$/.test(uid)) return `${name} has uid 0, which Dovecot refuses: leave the field empty`;
  const hash = readPasswordHash(password);
  return typeof hash === 'string' ? `${name}: ${hash}` : { line, name, mailbox, hash };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
