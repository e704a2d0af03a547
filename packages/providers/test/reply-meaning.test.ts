import { createReply, enhancedStatus } from '@posthouse/mail';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inRegion, limitsOf, findProvider, listProviders } from '../src/catalogue.ts';
import { mailboxProviderOfDomain, mailboxProviderOfHost } from '../src/mailbox-provider.ts';
import { meaningOfReply } from '../src/reply-meaning.ts';

it('makes no permanent reply a transient one without the word of a provider', () => {
  fc.assert(
    fc.property(fc.integer({ min: 500, max: 599 }), fc.string(), (code, text) => {
      expect(meaningOfReply(createReply(code, undefined, text))).toBeUndefined();
    }),
  );
});

it('takes greylisting and full mailboxes for what they are', () => {
  fc.assert(
    fc.property(fc.constantFrom(450, 451, 452), fc.constantFrom(1, 2), (code, subject) => {
      const reply = createReply(code, enhancedStatus(4, subject, 1), 'too many messages');
      expect(meaningOfReply(reply)).toBeUndefined();
    }),
  );
});

it('gives every rest a length that people would wait', () => {
  for (const { name, replies = [] } of listProviders()) {
    for (const { codes, meaning } of replies) {
      expect(
        codes.every((code) => code >= 400 && code < 600),
        name,
      ).toBe(true);
      expect(meaning.restMs ?? 1000, name).toBeGreaterThanOrEqual(1000);
      expect(meaning.restMs ?? 0, name).toBeLessThanOrEqual(3_600_000);
    }
  }
});

describe('regions and accounts', () => {
  const ses = findProvider('ses') ?? expect.unreachable();
  const gmail = findProvider('gmail') ?? expect.unreachable();

  it('names the host of a region, and of no region that is none', () => {
    expect(inRegion(ses, 'ap-south-2')?.host).toBe('email-smtp.ap-south-2.amazonaws.com');
    expect(inRegion(ses, 'evil.test/')).toBeUndefined();
    expect(inRegion(gmail, 'eu')).toBeUndefined();
  });

  it('gives a private account the limits of one', () => {
    const daily = (user: string) => limitsOf(gmail, user)?.rates?.[0]?.count;
    expect(daily('me@example.com')).toBe(2000);
    expect(daily('Me@GMail.com')).toBe(500);
    expect(limitsOf(ses, undefined)?.maxRecipients).toBe(50);
  });
});

it.each([
  ['sendgrid', [452, undefined, 'Too many recipients received this hour'], 'quota'],
  ['ses', [454, undefined, 'Throttling failure: Daily message quota exceeded'], 'quota'],
  ['ses', [421, undefined, 'Too many concurrent SMTP connections'], 'connections'],
  ['microsoft365', [554, enhancedStatus(5, 2, 0), 'SubmissionQuotaExceededException'], 'quota'],
  // Of this message and its author: it fails, and others go on.
  [
    'microsoft365',
    [
      550,
      enhancedStatus(5, 7, 60),
      'SMTP; Client does not have permissions to send as this sender',
    ],
    undefined,
  ],
] as const)('takes %s for what it documents: %j', (name, [code, status, text], about) => {
  const { replies } = findProvider(name) ?? expect.unreachable();
  expect(meaningOfReply(createReply(code, status, text), replies)?.about).toBe(about);
});

it.each([
  ['alt1.aspmx.l.google.com', 'google'],
  ['example-com.mail.protection.outlook.com', 'microsoft'],
  ['mta5.am0.yahoodns.net', 'yahoo'],
  ['yahoodns.net.evil.test', undefined],
  ['notgoogle.com', undefined],
])('%s is a host of %s', (host, name) => {
  expect(mailboxProviderOfHost(host)?.name).toBe(name);
});

it('knows the domains of mailbox providers without the DNS', () => {
  expect(mailboxProviderOfDomain('hotmail.com')?.name).toBe('microsoft');
  expect(mailboxProviderOfDomain('example.com')).toBeUndefined();
});
