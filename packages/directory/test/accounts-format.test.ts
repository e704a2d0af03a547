import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountName, parseAccountName } from '../src/account.ts';
import { readAccounts, withAccount, withoutAccount, withPassword } from '../src/accounts-format.ts';
import { SOME_HASH, accountLines } from './scratch.ts';

describe('names', () => {
  test.each([
    ['alice@example.test', 'alice@example.test'],
    ['Alice.B@EXAMPLE.test', 'alice.b@example.test'],
    ['jose\u0301@example.test', 'jos\u00e9@example.test'],
    ['a@b\u00fccher.test', 'a@xn--bcher-kva.test'],
  ])('%s is %s', (text, canonical) => {
    const mailbox = parseAccountName(text);
    expect(mailbox && accountName(mailbox)).toBe(canonical);
  });

  test.each([
    'alice',
    '@example.test',
    'a/b@example.test',
    '../x@example.test',
    'a:b@example.test',
    '"a b"@example.test',
    'a+b@example.test',
    '-rf@example.test',
    'a@[127.0.0.1]',
    '',
  ])('%j is none', (text) => expect(parseAccountName(text)).toBeUndefined());

  test('a canonical name is canonical', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), (localPart) => {
        const mailbox = parseAccountName(`${localPart}@example.test`);
        if (mailbox === undefined) return;
        const again = parseAccountName(accountName(mailbox));
        expect(again && accountName(again)).toBe(accountName(mailbox));
      }),
    );
  });
});

describe('reading', () => {
  test('accounts in their order, among comments, empty lines and CRLF', () => {
    const text = `# staff\r\n\n${accountLines('b@example.test', 'a@example.test').replace('\n', '\r\n')}`;
    const result = readAccounts(text);
    expect(result.kind === 'ok' && result.entries.map(({ line, name }) => [line, name])).toEqual([
      [3, 'b@example.test'],
      [4, 'a@example.test'],
    ]);
  });

  test('extra fields may hold colons', () => {
    const line = `a@example.test:${SOME_HASH}::::/home/a::allow_nets=2001:db8::1\n`;
    expect(readAccounts(line).kind).toBe('ok');
  });

  test('every mistake is told at once, with its line and what to do', () => {
    const text = [
      'Alice@example.test:x::::::',
      `bob@example.test:${SOME_HASH}`,
      'carol@example.test:{SHA512-CRYPT}$6$x$y::::::',
      'dan@example.test:hunter2::::::',
      'eve@example.test:::::::',
      `fay@example.test:${SOME_HASH}:0:0::::`,
      `gus@example.test:${SOME_HASH}::::::`,
      `gus@example.test:${SOME_HASH}::::::`,
      'hal@example.test:{ARGON2ID}$argon2id$v=19$m=99999999,t=2,p=1$c29t$AAAA::::::',
      `ivy@example.test:${SOME_HASH.replace('m=19456', 'm=4')}::::::`,
      'nobody:x::::::',
    ].join('\n');
    const result = readAccounts(text);
    expect(result.kind === 'invalid' && result.problems).toEqual([
      { line: 1, text: 'write the name as alice@example.test' },
      {
        line: 2,
        text: 'bob@example.test has 2 fields of 8: the line must end in "::::::" after the password',
      },
      {
        line: 3,
        text: 'carol@example.test: the password scheme {SHA512-CRYPT} is not supported, only {ARGON2ID}: set the password again',
      },
      {
        line: 4,
        text: 'dan@example.test: the password has no scheme: only {ARGON2ID} is supported, set the password again',
      },
      { line: 5, text: 'eve@example.test: there is no password: set one' },
      {
        line: 6,
        text: 'fay@example.test has uid 0, which Dovecot refuses: leave the field empty',
      },
      { line: 8, text: 'gus@example.test stands in line 7 already' },
      {
        line: 9,
        text: 'hal@example.test: the password is no Argon2id hash of the form $argon2id$v=19$...',
      },
      {
        line: 10,
        text: 'ivy@example.test: the hash asks for m=4 KiB: 8 to 262144 are allowed',
      },
      { line: 11, text: '"nobody" is no name of an account (local-part@domain)' },
    ]);
  });

  test('random text gives accounts or problems, never a crash', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        expect(['ok', 'invalid']).toContain(readAccounts(text).kind);
      }),
    );
  });
});

describe('editing', () => {
  const before = `# staff\n${accountLines('a@example.test')}\n# guests\n${accountLines('b@example.test')}`;

  test('a new account is a new last line', () => {
    expect(withAccount('# x', 'a@example.test', 'HASH')).toBe('# x\na@example.test:HASH::::::\n');
    expect(withAccount('', 'a@example.test', 'HASH')).toBe('a@example.test:HASH::::::\n');
  });

  test('another password changes nothing else', () => {
    const line = `b@example.test:${SOME_HASH}:1000:1000::/home/b::x=1:2`;
    const text = `# a\n${line}\n# z\n`;
    const result = readAccounts(text);
    if (result.kind === 'invalid') throw new Error('not read');
    const [entry] = result.entries;
    expect(entry && withPassword(text, entry, 'HASH')).toBe(
      '# a\nb@example.test:HASH:1000:1000::/home/b::x=1:2\n# z\n',
    );
  });

  test('a removed account leaves everything else', () => {
    const result = readAccounts(before);
    if (result.kind === 'invalid') throw new Error('not read');
    const [entry] = result.entries;
    expect(entry && withoutAccount(before, entry)).toBe(
      `# staff\n\n# guests\n${accountLines('b@example.test')}`,
    );
  });
});
