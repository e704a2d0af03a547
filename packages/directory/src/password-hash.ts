/**
 * Passwords as Argon2id hashes in the PHC string form, with the scheme in front as
 * Dovecot writes it: `{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
 *
 * New hashes use 19 MiB, two passes and one lane (about 40 ms). Hashes from elsewhere
 * are verified with their own parameters, as long as these stay within limits that a
 * mail server can afford. Every other scheme is refused when the file is read.
 *
 * RFC 9106 (Argon2); the bytes of a password are hashed as they are, as Dovecot does.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Argon2Parameters } from 'node:crypto';
import { promisify } from 'node:util';

/** A hash that was read. */
export interface PasswordHash {
  /** With the scheme in front, as it stands in the file. */
  readonly text: string;
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const SCHEME = '{ARGON2ID}';
const DEFAULT = { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, tagBytes: 32 } as const;
const MAX_MEMORY_KIB = 262_144;
const MAX_PASSES = 32;
const MAX_LANES = 16;
const MAX_PASSWORD_BYTES = 1024;
const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

const derive = promisify(
  (parameters: Argon2Parameters, done: (error: Error | null, key: Buffer) => void) =>
    argon2('argon2id', parameters, done),
);

/** Says what is wrong with a password that somebody chose; `undefined`: nothing. */
export function passwordFault(password: string): string | undefined {
  if (password === '') return 'the password is empty';
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES) {
    return `the password is longer than ${MAX_PASSWORD_BYTES} bytes`;
  }
  // RFC 4616 §2: NUL separates the parts of PLAIN; other control characters cannot be typed again.
  if (/[\u0000-\u001f\u007f]/.test(password)) return 'the password has control characters';
  return undefined;
}

/** Hashes a password with a new salt; the text to keep. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(DEFAULT.saltBytes);
  const { memoryKib, passes, lanes, tagBytes } = DEFAULT;
  const tag = await derive(parametersOf(password, { memoryKib, passes, lanes, salt }, tagBytes));
  const cost = `m=${memoryKib},t=${passes},p=${lanes}`;
  return `${SCHEME}$argon2id$v=19$${cost}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** Whether this is the password of the hash. Takes tens of milliseconds on a thread of libuv's pool. */
export async function verifyPassword(password: string, hash: PasswordHash): Promise<boolean> {
  const given = await derive(parametersOf(password, hash, hash.tag.length));
  return timingSafeEqual(given, hash.tag);
}

/** A hash that no password has, as dear to verify as a new one: for accounts that do not exist. */
export function dummyHash(): PasswordHash {
  const { memoryKib, passes, lanes, saltBytes, tagBytes } = DEFAULT;
  const [salt, tag] = [randomBytes(saltBytes), randomBytes(tagBytes)];
  return { text: '', memoryKib, passes, lanes, salt, tag };
}

/** Reads the password field of a passwd-file. Gives a sentence where it cannot be used. */
export function readPasswordHash(field: string): PasswordHash | string {
  if (field === '') return 'there is no password: set one';
  const scheme = /^\{([^}]*)\}/.exec(field)?.[0];
  if (scheme === undefined) {
    return 'the password has no scheme: only {ARGON2ID} is supported, set the password again';
  }
  if (scheme.toUpperCase() !== SCHEME) {
    return `the password scheme ${printable(scheme)} is not supported, only {ARGON2ID}: set the password again`;
  }
  const parts = PHC.exec(field.slice(scheme.length));
  if (parts === null) return 'the password is no Argon2id hash of the form $argon2id$v=19$...';
  const [memoryKib, passes, lanes] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  if (passes < 1 || passes > MAX_PASSES || lanes < 1 || lanes > MAX_LANES) {
    return `the hash asks for t=${passes}, p=${lanes}: 1 to ${MAX_PASSES} and 1 to ${MAX_LANES} are allowed`;
  }
  if (memoryKib < 8 * lanes || memoryKib > MAX_MEMORY_KIB) {
    return `the hash asks for m=${memoryKib} KiB: ${8 * lanes} to ${MAX_MEMORY_KIB} are allowed`;
  }
  const [salt, tag] = [
    Buffer.from(parts[4] ?? '', 'base64'),
    Buffer.from(parts[5] ?? '', 'base64'),
  ];
  return { text: field, memoryKib, passes, lanes, salt, tag };
}

function parametersOf(
  password: string,
  cost: Pick<PasswordHash, 'memoryKib' | 'passes' | 'lanes' | 'salt'>,
  tagLength: number,
): Argon2Parameters {
  return {
    message: Buffer.from(password),
    nonce: cost.salt,
    parallelism: cost.lanes,
    tagLength,
    memory: cost.memoryKib,
    passes: cost.passes,
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function printable(text: string): string {
  return text.replace(/[^\u0021-\u007e]/g, '?').slice(0, 40);
}
