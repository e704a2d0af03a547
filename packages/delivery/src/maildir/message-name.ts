/**
 * The names of messages in a Maildir: made so that no two are ever equal, and read back.
 *
 *     1767225600.M123456P4711Q12R0f1e2d3c4b5a6978K<32 hex>.mail.example.test,S=4096,W=4180
 *
 * Seconds and microseconds, process, how many the maker has made, a random number that
 * tells makers apart (two in one process, two containers with one process id), and the
 * delivery key where there is one. `S` is the size of the file, `W` the size with CRLF line
 * ends; IMAP servers trust both. Readers append flags in `cur`: `:2,FS` (on Windows `;2,FS`).
 */
import { randomBytes } from 'node:crypto';

/** What is known of a message from its name alone. Plain data. */
export interface MessageName {
  /** What stays the same while the message is in the Maildir: all before sizes and flags. */
  readonly unique: string;
  /** Which copy of which delivery it is (`deliveryKey`), where we named it and it was told. */
  readonly key?: string;
  /** Which attempt at that delivery. */
  readonly attempt?: string;
  /** Octets in the file. */
  readonly sizeBytes?: number;
  /** Octets with CRLF line ends. */
  readonly virtualBytes?: number;
  /** Letters such as `S` (seen) or `T` (trashed); empty for none. */
  readonly flags: string;
}

/** A name that was made; sizes come last, when they are known. */
export interface NewName {
  readonly unique: string;
  /** @see MessageName */
  readonly attempt: string;
}

export interface NameMaker {
  /** The next name. @param key of the delivery, 32 hexadecimal digits */
  next(now: number, key?: string): NewName;
}

const OURS = /^\d+\.M\d+P\d+(Q\d+R[0-9a-f]{16})(?:K([0-9a-f]{32}))?\./;
const MAX_HOST_LENGTH = 64;

/** Makes names. Each maker has a random number of its own. */
export function createNameMaker(hostname: string): NameMaker {
  const host = safeHost(hostname);
  const maker = randomBytes(8).toString('hex');
  let made = 0;
  let lastMs = 0;
  let withinMs = 0;
  return {
    next(now, key) {
      const ms = Math.floor(now);
      withinMs = ms === lastMs ? withinMs + 1 : 0;
      lastMs = ms;
      made += 1;
      const microseconds = (ms % 1000) * 1000 + (withinMs % 1000);
      const attempt = `Q${made}R${maker}`;
      const mark = key === undefined ? '' : `K${key}`;
      const time = `${Math.floor(ms / 1000)}.M${microseconds}`;
      return { unique: `${time}P${process.pid}${attempt}${mark}.${host}`, attempt };
    },
  };
}

/** The whole name of a new file. */
export function newFileName(name: NewName, sizeBytes: number, virtualBytes: number): string {
  return `${name.unique},S=${sizeBytes},W=${virtualBytes}`;
}

/** Reads any Maildir file's name, ours or not. Never throws. */
export function parseMessageName(fileName: string): MessageName {
  const info = /[:;]\d,/.exec(fileName)?.index ?? fileName.length;
  const base = fileName.slice(0, info);
  const comma = base.indexOf(',');
  const ours = OURS.exec(base);
  const sizeBytes = sizeOf(base, 'S');
  const virtualBytes = sizeOf(base, 'W');
  return {
    unique: comma === -1 ? base : base.slice(0, comma),
    flags: /^[:;]2,([A-Za-z]*)/.exec(fileName.slice(info))?.[1] ?? '',
    ...(ours?.[1] === undefined ? {} : { attempt: ours[1] }),
    ...(ours?.[2] === undefined ? {} : { key: ours[2] }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(virtualBytes === undefined ? {} : { virtualBytes }),
  };
}

function sizeOf(base: string, letter: 'S' | 'W'): number | undefined {
  const digits = new RegExp(`,${letter}=(\\d{1,15})(?:,|$)`).exec(base)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A host's name as part of a file's name: none of `/ : ; ,` nor anything that a file system minds. */
function safeHost(hostname: string): string {
  const safe = hostname.replace(/[^A-Za-z0-9.-]/g, '_').slice(0, MAX_HOST_LENGTH);
  return safe === '' ? 'localhost' : safe;
}
