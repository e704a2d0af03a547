import { describe, expect, test } from 'vitest';
import {
  hashPassword,
  passwordFault,
  readPasswordHash,
  verifyPassword,
} from '../src/password-hash.ts';
import type { PasswordHash } from '../src/password-hash.ts';

// Made by the reference implementation: printf 'p\xc3\xa4ss' | argon2 somesaltsomesalt -id -v 13 -k 64 -t 3 -p 4 -e
const REFERENCE =
  '{ARGON2ID}$argon2id$v=19$m=64,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$hyPsuf9BKwcFLEdqYwRRVycz57z5FIHTd5S7Gc4MY5g';

// Made by doveadm pw -s ARGON2ID -p test (Dovecot 2.3.19)
const DOVECOT =
  '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$tvg5HVb9rtbOljqIH/I04w$TsJrjGtiUc03RIbmtoU8ob4gjeiWC56tbgH3sOAgwUU';

function read(field: string): PasswordHash {
  const hash = readPasswordHash(field);
  if (typeof hash === 'string') throw new Error(hash);
  return hash;
}

describe('Argon2id', () => {
  test('a hash has its own salt, and verifies only its password', async () => {
    const [one, two] = await Promise.all([
      hashPassword('correct horse'),
      hashPassword('correct horse'),
    ]);
    expect(one).toMatch(/^\{ARGON2ID\}\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('correct horse', read(one))).toBe(true);
    expect(await verifyPassword('Correct horse', read(one))).toBe(false);
  });

  test('hashes made elsewhere verify with their own parameters', async () => {
    const reference = read(REFERENCE);
    expect(reference).toMatchObject({ memoryKib: 64, passes: 3, lanes: 4 });
    expect(await verifyPassword('p\u00e4ss', reference)).toBe(true);
    expect(await verifyPassword('pass', reference)).toBe(false);
    expect(await verifyPassword('test', read(DOVECOT))).toBe(true);
  });
});

describe('chosen passwords', () => {
  test.each(['correct horse', '\u65e5\u672c\u8a9e', ' ', 'a'.repeat(1024)])(
    '%j may be',
    (password) => {
      expect(passwordFault(password)).toBeUndefined();
    },
  );

  test.each([
    ['', 'the password is empty'],
    ['a\0b', 'the password has control characters'],
    ['a\n', 'the password has control characters'],
    ['\u00e4'.repeat(513), 'the password is longer than 1024 bytes'],
  ])('%j may not', (password, fault) => expect(passwordFault(password)).toBe(fault));
});
