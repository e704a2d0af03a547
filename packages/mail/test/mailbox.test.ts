import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMailbox,
  displayMailbox,
  domainPatterns,
  formatMailbox,
  mailboxKey,
  needsSmtpUtf8,
  parseDomain,
  parseMailbox,
} from '@posthouse/mail';

describe('domainPatterns', () => {
  it.each([
    ['a.b.test', ['a.b.test', '*.b.test', '*.test']],
    ['localhost', ['localhost']],
    ['[192.0.2.1]', ['[192.0.2.1]']],
  ])('of %s', (domain, patterns) => {
    expect(domainPatterns(domain)).toEqual(patterns);
  });
});

describe('parseMailbox', () => {
  it.each([
    ['bob@example.test', 'bob', 'example.test'],
    ['Bob+list@EXAMPLE.Test', 'Bob+list', 'example.test'],
    ['"a b"@example.test', 'a b', 'example.test'],
    [String.raw`"a\"b\\c"@example.test`, String.raw`a"b\c`, 'example.test'],
    ['"a@b"@example.test', 'a@b', 'example.test'],
    ['bob@[192.0.2.1]', 'bob', '[192.0.2.1]'],
    ['bob@[ipv6:2001:DB8:0::1]', 'bob', '[IPv6:2001:db8::1]'],
    ['bob@bücher.example', 'bob', 'xn--bcher-kva.example'],
    ['bøb@example.test', 'bøb', 'example.test'],
    ['bob@localhost', 'bob', 'localhost'],
  ])('reads %s', (text, localPart, domain) => {
    expect(parseMailbox(text)).toEqual({ localPart, domain });
  });

  it.each([
    '',
    '@',
    'bob',
    'bob@',
    '@example.test',
    'a@b@example.test',
    '.bob@example.test',
    'bob.@example.test',
    'b..b@example.test',
    'bob @example.test',
    '"bob@example.test',
    '"a"b@example.test',
    'bob@example.test.',
    'bob@.example.test',
    'bob@example..test',
    'bob@exa mple.test',
    'bob@192.0.2.1',
    'bob@[192.0.2.256]',
    'bob@[2001:db8::1]',
    'bob@[IPv6:fe80::1%eth0]',
    'bob@exa%6dple.test',
    'bob@１.２.３.４',
    'bob@example.test\r\nRCPT TO:<x@y.test>',
    'bo\u0000b@example.test',
    `${'x'.repeat(65)}@example.test`,
    `bob@${'x'.repeat(64)}.test`,
    `bob@${'abcdefgh.'.repeat(28)}test`,
  ])('refuses %j', (text) => {
    expect(parseMailbox(text)).toBeUndefined();
  });

  it('reads back what it writes, whatever the local-part', () => {
    const domain = parseDomain('example.test');
    if (domain === undefined) throw new TypeError('example.test is a domain');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (localPart) => {
        const mailbox = createMailbox(localPart, domain);
        if (mailbox !== undefined) expect(parseMailbox(formatMailbox(mailbox))).toEqual(mailbox);
      }),
    );
  });

  it('answers and never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const mailbox = parseMailbox(`${text}@example.test`) ?? parseMailbox(text);
        if (mailbox !== undefined) expect(formatMailbox(mailbox)).not.toMatch(/[\r\n\0]/);
      }),
    );
  });
});

describe('the forms of a mailbox', () => {
  it('shows U-labels to people and A-labels to the wire', () => {
    const mailbox = parseMailbox('bob@BÜCHER.example');
    if (mailbox === undefined) throw new TypeError('a mailbox');
    expect(formatMailbox(mailbox)).toBe('bob@xn--bcher-kva.example');
    expect(displayMailbox(mailbox)).toBe('bob@bücher.example');
    expect(needsSmtpUtf8(mailbox)).toBe(false);
  });

  it('has one key for all spellings of one of our own mailboxes', () => {
    const spellings = ['Bob@example.test', '"bob"@EXAMPLE.test', 'BOB@example.test'];
    const keys = spellings.map((text) => parseMailbox(text)).map((m) => m && mailboxKey(m));
    expect(new Set(keys)).toEqual(new Set(['bob@example.test']));
  });
});
