import { formatMailbox, systemClock } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createDirectory } from '../src/directory.ts';
import type { Directory } from '../src/directory.ts';
import type { DirectoryOptions } from '../src/options.ts';
import { accountLines, rememberingLogger, scratchPath } from './scratch.ts';

async function directory(options: Partial<DirectoryOptions> = {}): Promise<Directory> {
  const accountsFile = await scratchPath('accounts');
  await writeFile(
    accountsFile,
    accountLines('alice@own.test', 'bob@own.test', 'jos\u00e9@own.test', 'a.b@also.test'),
  );
  const made = createDirectory(
    { domains: ['own.test', 'also.test'], accountsFile, ...options },
    { logger: rememberingLogger(), clock: systemClock },
  );
  await made.start();
  return made;
}

async function finals(
  address: string,
  aliases: DirectoryOptions['aliases'],
): Promise<readonly string[]> {
  const { finals: found, lost } = (await directory({ aliases })).expand(mailbox(address));
  return [
    ...found.map(formatMailbox),
    ...lost.map((loss) => `${loss.reason} ${formatMailbox(loss.address)}`),
  ];
}

describe('resolving', () => {
  test.each([
    ['alice@own.test', 'alice@own.test', undefined],
    ['ALICE@own.test', 'alice@own.test', undefined],
    ['alice+Lists@own.test', 'alice@own.test', 'Lists'],
    ['alice+a+b@own.test', 'alice@own.test', 'a+b'],
    ['alice+@own.test', 'alice@own.test', undefined],
    ['Jose\u0301@own.test', 'jos\u00e9@own.test', undefined],
    ['"alice"@own.test', 'alice@own.test', undefined],
  ])('%s is the account %s (%s)', async (address, name, detail) => {
    const found = (await directory()).resolve(mailbox(address));
    expect(found.kind === 'account' && [found.account.name, found.detail]).toEqual([name, detail]);
  });

  test.each([
    'carol@own.test',
    '+alice@own.test',
    'alice@other.test',
    'bob@also.test',
    'alice@[127.0.0.1]',
  ])('%s is unknown', async (address) => {
    expect((await directory()).resolve(mailbox(address))).toEqual({ kind: 'unknown' });
  });

  test('an alias goes before the account of its name, and accountAt does not know it', async () => {
    const own = await directory({ aliases: { 'alice@own.test': ['bob@own.test'] } });
    expect(own.resolve(mailbox('alice+x@own.test'))).toMatchObject({
      kind: 'alias',
      by: 'alias',
      alias: { localPart: 'alice' },
      targets: [{ localPart: 'bob' }],
    });
    expect(own.accountAt(mailbox('alice+x@own.test'))).toMatchObject({
      account: { name: 'alice@own.test' },
      detail: 'x',
    });
  });

  test('postmaster is always somebody: the first account, or whoever was named', async () => {
    const address = mailbox('Postmaster@also.test');
    expect((await directory()).resolve(address)).toMatchObject({
      by: 'postmaster',
      targets: [{ localPart: 'alice' }],
    });
    const named = await directory({ postmaster: 'ops@other.test' });
    expect(named.resolve(address)).toMatchObject({ targets: [{ localPart: 'ops' }] });
  });

  test('another separator, or none', async () => {
    const dash = await directory({ plusSeparator: '-' });
    expect(dash.resolve(mailbox('alice-x@own.test'))).toMatchObject({ detail: 'x' });
    const none = await directory({ plusSeparator: '' });
    expect(none.resolve(mailbox('alice+x@own.test')).kind).toBe('unknown');
  });

  test('quotas are the account\u2019s own, or everybody\u2019s', async () => {
    const own = await directory({ quotaBytes: 10, quotas: { 'Bob@own.test': 20 } });
    expect(own.account('alice@own.test')?.quotaBytes).toBe(10);
    expect(own.account('bob@own.test')?.quotaBytes).toBe(20);
  });
});

describe('expanding', () => {
  test.each<[string, string, DirectoryOptions['aliases'], readonly string[]]>([
    ['an account is itself, with its detail', 'alice+x@own.test', {}, ['alice+x@own.test']],
    ['an outside address is itself', 'x@other.test', {}, ['x@other.test']],
    ['an unknown address is lost', 'x@own.test', {}, ['unknown x@own.test']],
    [
      'nested lists with duplicates in any case give each address once',
      'all@own.test',
      {
        'all@own.test': ['staff@own.test', 'Alice@own.test', 'x@other.test', 'staff@own.test'],
        'staff@own.test': ['alice@own.test', 'bob@own.test', 'x@other.test'],
      },
      ['alice@own.test', 'bob@own.test', 'x@other.test'],
    ],
    [
      'outside local-parts keep their case',
      'all@own.test',
      { 'all@own.test': ['X@other.test', 'x@other.test'] },
      ['X@other.test', 'x@other.test'],
    ],
    [
      'a loop ends, and takes nothing with it',
      'a@own.test',
      { 'a@own.test': ['b@own.test', 'alice@own.test'], 'b@own.test': ['a@own.test'] },
      ['alice@own.test', 'loop a@own.test'],
    ],
    [
      'an alias of itself alone',
      'a@own.test',
      { 'a@own.test': ['a@own.test'] },
      ['loop a@own.test'],
    ],
    [
      'an account keeps a copy, with the detail',
      'alice+x@own.test',
      { 'alice@own.test': ['alice@own.test', 'x@other.test'] },
      ['alice+x@own.test', 'x@other.test'],
    ],
    [
      'two accounts that copy each other',
      'alice@own.test',
      {
        'alice@own.test': ['bob@own.test', 'alice@own.test'],
        'bob@own.test': ['bob@own.test', 'alice@own.test'],
      },
      ['alice@own.test', 'bob@own.test'],
    ],
    [
      'a member that does not exist is lost alone',
      'all@own.test',
      { 'all@own.test': ['gone@own.test', 'bob@own.test'] },
      ['bob@own.test', 'unknown gone@own.test'],
    ],
  ])('%s', async (_, address, aliases, expected) => {
    expect(await finals(address, aliases)).toEqual(expected);
  });

  test('a chain has a greatest depth', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`a${i}@own.test`, [`a${i + 1}@own.test`]]),
    );
    expect(await finals('a0@own.test', chain)).toEqual(['too-deep a20@own.test']);
  });

  test('a list with an owner says so', async () => {
    const own = await directory({
      aliases: { 'all@own.test': { targets: ['bob@own.test'], owner: 'alice@own.test' } },
    });
    expect(own.expand(mailbox('all@own.test')).owner).toEqual(mailbox('alice@own.test'));
  });

  test('a catch-all takes what nobody has, unless it is not asked', async () => {
    const own = await directory({ catchAll: { 'own.test': 'alice@own.test' } });
    const address = mailbox('anything@own.test');
    expect(own.expand(address).finals).toEqual([mailbox('alice@own.test')]);
    expect(own.expand(mailbox('bob@own.test')).finals).toEqual([mailbox('bob@own.test')]);
    expect(own.expand(address, { catchAll: false })).toEqual({
      finals: [],
      lost: [{ address, reason: 'unknown' }],
    });
  });

  test('a catch-all to an address that nobody has ends as a loop', async () => {
    const own = await directory({ catchAll: { 'own.test': 'nobody@own.test' } });
    expect(own.expand(mailbox('x@own.test'))).toMatchObject({
      finals: [],
      lost: [{ reason: 'loop' }],
    });
  });

  test('any set of aliases ends, with each final address once', async () => {
    const names = ['a', 'b', 'c', 'd', 'alice', 'bob'].map((name) => `${name}@own.test`);
    const target = fc.constantFrom(...names, 'x@other.test', 'gone@own.test', 'a+z@own.test');
    const aliases = fc.dictionary(
      fc.constantFrom(...names),
      fc.array(target, { minLength: 1, maxLength: 4 }),
    );
    const accountsFile = await scratchPath('accounts');
    await writeFile(accountsFile, accountLines('alice@own.test', 'bob@own.test'));
    const own = await directory();
    await fc.assert(
      fc.asyncProperty(aliases, fc.constantFrom(...names), async (some, start) => {
        await own.reload({ domains: ['own.test'], aliases: some, accountsFile });
        const { finals: found, lost } = own.expand(mailbox(start));
        const written = found.map(formatMailbox);
        expect(new Set(written).size).toBe(written.length);
        expect(written.length + lost.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('owning', () => {
  const aliases = {
    'sales@own.test': ['Alice@own.test'],
    'shop@own.test': ['sales@own.test'],
    'team@own.test': ['alice@own.test', 'bob@own.test'],
    'bob@own.test': ['alice@own.test'],
    'away@own.test': ['alice@other.test'],
    'round@own.test': ['round@own.test'],
  };

  test.each([
    ['alice@own.test', true],
    ['Alice+lists@own.test', true],
    ['sales@own.test', true],
    ['sales+eu@own.test', true],
    ['shop@own.test', true],
    ['team@own.test', false],
    ['bob@own.test', false],
    ['away@own.test', false],
    ['round@own.test', false],
    ['nobody@own.test', false],
    ['postmaster@own.test', false],
    ['alice@also.test', false],
    ['alice@other.test', false],
  ])('of alice: %s is %s', async (address, owned) => {
    const own = await directory({ aliases, catchAll: { 'own.test': 'alice@own.test' } });
    const alice = own.account('alice@own.test');
    expect(alice && own.owns(alice, mailbox(address))).toBe(owned);
  });

  test('an account whose mail goes elsewhere still owns its address', async () => {
    const own = await directory({ aliases });
    const bob = own.account('bob@own.test');
    expect(bob && own.owns(bob, mailbox('bob@own.test'))).toBe(true);
  });
});

describe('options', () => {
  test('every mistake is told at once', () => {
    const deps = { logger: rememberingLogger(), clock: systemClock };
    const make = (): Directory =>
      createDirectory(
        {
          domains: ['own.test', 'not a domain'],
          aliases: {
            'x@other.test': ['alice@own.test'],
            'y@own.test': ['nonsense'],
            'z@own.test': [],
            'Z@own.test': ['alice@own.test'],
          },
          catchAll: { 'other.test': 'alice@own.test' },
          plusSeparator: '++',
          quotas: { nobody: 1 },
        },
        deps,
      );
    expect(make).toThrow(
      [
        'domains: "not a domain" is no domain',
        'aliases."x@other.test": other.test is none of the domains',
        'aliases."y@own.test": "nonsense" is no address',
        'aliases."z@own.test": leads nowhere: name at least one address',
        'aliases."Z@own.test": stands here twice, in another case',
        'catchAll."other.test": other.test is none of the domains',
        'plusSeparator: one character that is no letter, digit, dot, quote or @, or empty',
        'quotas: "nobody" is no account',
      ].join('\n  '),
    );
  });
});
