/**
 * A message in a Maildir as its file's name tells it: which it is, and its flags.
 *
 * The unique part, before sizes and flags, is what stays while other programs mark and
 * move the message. Flags stand behind `:2,` (on Windows, where a colon cannot, `;2,`);
 * letters that we do not know, such as an IMAP server's keywords, are kept as they are.
 */

/** Where the file lay when it was seen. */
export interface MaildirEntry {
  readonly folder: string;
  /** `new` until a mail program has shown it to its user. */
  readonly subdirectory: 'new' | 'cur';
  /** The file's name. */
  readonly name: string;
  /** The unique part of the name. */
  readonly id: string;
  /** Letters, sorted, each once. */
  readonly flags: string;
  /** Milliseconds since the epoch, from the name; 0 where it does not say. */
  readonly arrivedAt: number;
  /** Octets of the file, where the name says so. */
  readonly sizeBytes: number | undefined;
}

/** Flags in words. */
export interface MessageFlags {
  readonly seen: boolean;
  readonly answered: boolean;
  readonly flagged: boolean;
  readonly draft: boolean;
  readonly forwarded: boolean;
  readonly trashed: boolean;
}

const LETTERS: Readonly<Record<keyof MessageFlags, string>> = {
  seen: 'S',
  answered: 'R',
  flagged: 'F',
  draft: 'D',
  forwarded: 'P',
  trashed: 'T',
};

/** The words for flags. */
export const FLAG_NAMES: readonly (keyof MessageFlags)[] = [
  'seen',
  'answered',
  'flagged',
  'draft',
  'forwarded',
  'trashed',
];

/** Reads a file's name; `undefined` for what is no message. */
export function readEntry(
  folder: string,
  subdirectory: MaildirEntry['subdirectory'],
  name: string,
): MaildirEntry | undefined {
  if (name === '' || name.startsWith('.')) return undefined;
  const { base, flags } = splitName(name);
  const comma = base.indexOf(',');
  const time = /^(\d{1,12})\.(?:[^.]*?M(\d{1,6})(?!\d))?/.exec(base);
  const size = /,S=(\d{1,15})(?:,|$)/.exec(base)?.[1];
  return {
    folder,
    subdirectory,
    name,
    id: comma === -1 ? base : base.slice(0, comma),
    flags,
    arrivedAt: Number(time?.[1] ?? 0) * 1000 + Number(time?.[2] ?? 0) / 1000,
    sizeBytes: size === undefined ? undefined : Number(size),
  };
}

/** The name of the same message with other flags. */
export function nameWithFlags(name: string, flags: string, separator: string): string {
  const { base, separator: found } = splitName(name);
  return `${base}${found ?? separator}2,${sorted(flags)}`;
}

/** The letters with some flags set and others taken away. */
export function changedFlags(flags: string, change: Partial<MessageFlags>): string {
  let letters = flags;
  for (const name of FLAG_NAMES) {
    const wanted = change[name];
    if (wanted === undefined) continue;
    letters = letters.replaceAll(LETTERS[name], '') + (wanted ? LETTERS[name] : '');
  }
  return sorted(letters);
}

/** Letters in words. */
export function flagsOf(letters: string): MessageFlags {
  const has = (name: keyof MessageFlags): boolean => letters.includes(LETTERS[name]);
  return {
    seen: has('seen'),
    answered: has('answered'),
    flagged: has('flagged'),
    draft: has('draft'),
    forwarded: has('forwarded'),
    trashed: has('trashed'),
  };
}

function splitName(name: string): { base: string; separator: string | undefined; flags: string } {
  const info = /([:;])2,([^:;]*)$/.exec(name);
  if (info === null) return { base: name, separator: undefined, flags: '' };
  const letters = (info[2] ?? '').replace(/[^A-Za-z]/g, '');
  return { base: name.slice(0, info.index), separator: info[1], flags: sorted(letters) };
}

function sorted(letters: string): string {
  return [...new Set(letters)].toSorted().join('');
}
