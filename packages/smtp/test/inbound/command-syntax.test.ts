import { formatMailbox, formatPath, MailError, replyText } from '@posthouse/mail';
import { domain, testContext } from '@posthouse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMailCommand } from '../../src/command-syntax/mail-command.ts';
import type { OfferedParameters } from '../../src/command-syntax/mail-command.ts';
import {
  formatOriginalRecipient,
  parseOriginalRecipient,
} from '../../src/command-syntax/original-recipient.ts';
import { parseRcptCommand } from '../../src/command-syntax/rcpt-command.ts';
import { encodePrivateContext } from '../../src/private-context.ts';

const everything: OfferedParameters = {
  esmtp: true,
  eightBitMime: true,
  smtpUtf8: true,
  requireTls: true,
  dsn: true,
  privateContext: true,
};
const nothing: OfferedParameters = {
  esmtp: false,
  eightBitMime: false,
  smtpUtf8: false,
  requireTls: false,
  dsn: false,
  privateContext: false,
};

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof MailError) return replyText(error.reply).split(' ').slice(0, 2).join(' ');
    throw error;
  }
  return 'none';
}

const mail = (argument: string, offered = everything) => parseMailCommand(argument, offered);
const rcpt = (argument: string, smtpUtf8 = false, dsn = true) =>
  parseRcptCommand(argument, { dsn, smtpUtf8, postmasterDomain: domain('mx.example.test') });

describe('MAIL', () => {
  it.each([
    ['FROM:<alice@example.test>', '<alice@example.test>'],
    ['from: <Alice@EXAMPLE.test>', '<Alice@example.test>'],
    ['FROM:<>', '<>'],
    ['FROM:<"a > b"@example.test> SIZE=5', '<"a > b"@example.test>'],
    ['FROM:<"a@b"@example.test>', '<"a@b"@example.test>'],
    ['FROM:<"a\\"> b"@example.test>', '<"a\\"> b"@example.test>'],
    ['FROM:<@one.test,@two.test:alice@example.test>', '<alice@example.test>'],
    ['FROM:<alice@[192.0.2.1]>', '<alice@[192.0.2.1]>'],
  ])('reads the path of %s', (argument, path) => {
    expect(formatPath(mail(argument).reversePath)).toBe(path);
  });

  it('makes A-labels of domains', () => {
    expect(formatPath(mail('FROM:<a@münchen.test> SMTPUTF8').reversePath)).toBe(
      '<a@xn--mnchen-3ya.test>',
    );
  });

  it('reads every parameter', () => {
    const { params } = mail(
      'FROM:<a@b.test> SIZE=100 BODY=8bitmime SMTPUTF8 REQUIRETLS RET=hdrs ENVID=QQ+2B1 AUTH=c+40d.test',
    );
    expect(params).toEqual({
      sizeBytes: 100,
      body: '8BITMIME',
      smtpUtf8: true,
      requireTls: true,
      ret: 'HDRS',
      envid: 'QQ+1',
      auth: { localPart: 'c', domain: 'd.test' },
    });
    expect(mail('FROM:<a@b.test> AUTH=<>').params).toEqual({ auth: '<>' });
    expect(mail('FROM:<a@b.test> AUTH=nobody').params).toEqual({ auth: '<>' });
  });

  it('reads the private context where it is on offer', () => {
    const origin = testContext({ identity: { account: 'alice', mechanism: 'PLAIN' } });
    const argument = `FROM:<a@b.test> XPOSTHOUSE=${encodePrivateContext(origin)}`;
    expect(mail(argument).origin).toEqual(origin);
    expect(refusal(() => mail(argument, { ...everything, privateContext: false }))).toBe(
      '555 5.5.4',
    );
    expect(refusal(() => mail('FROM:<a@b.test> XPOSTHOUSE=e30'))).toBe('501 5.5.4');
  });

  it.each([
    ['<a@b.test>', '501 5.5.2'],
    ['TO:<a@b.test>', '501 5.5.2'],
    ['FROM:a@b.test', '501 5.1.7'],
    ['FROM:<a@b.test', '501 5.1.7'],
    ['FROM:<a@b.test>SIZE=1', '501 5.1.7'],
    ['FROM:<a@b@c.test>', '501 5.1.7'],
    ['FROM:<a..b@c.test>', '501 5.1.7'],
    ['FROM:<Postmaster>', '501 5.1.7'],
    ['FROM:<a@b.test> FOO=1', '555 5.5.4'],
    ['FROM:<a@b.test> HOLDFOR=1', '555 5.5.4'],
    ['FROM:<a@b.test> NOTIFY=NEVER', '555 5.5.4'],
    ['FROM:<a@b.test> BODY=BINARYMIME', '555 5.5.4'],
    ['FROM:<a@b.test> BODY=9BIT', '501 5.5.4'],
    ['FROM:<a@b.test> BODY', '501 5.5.4'],
    ['FROM:<a@b.test> SIZE=', '501 5.5.4'],
    ['FROM:<a@b.test> SIZE=1e3', '501 5.5.4'],
    ['FROM:<a@b.test> SIZE=1 SIZE=2', '501 5.5.4'],
    ['FROM:<a@b.test> SMTPUTF8=1', '501 5.5.4'],
    ['FROM:<a@b.test> RET=ALL', '501 5.5.4'],
    ['FROM:<a@b.test> ENVID=a+0Db', '501 5.5.4'],
    ['FROM:<a@b.test> =1', '501 5.5.4'],
    ['FROM:<ž@b.test>', '553 5.6.7'],
    ['FROM:<a@münchen.test>', '553 5.6.7'],
  ])('refuses %s', (argument, reply) => {
    expect(refusal(() => mail(argument))).toBe(reply);
  });

  it.each(['SIZE=1', 'BODY=7BIT', 'SMTPUTF8', 'REQUIRETLS', 'RET=FULL', 'ENVID=1', 'AUTH=<>'])(
    'refuses %s where it was not offered',
    (parameter) => {
      expect(refusal(() => mail(`FROM:<a@b.test> ${parameter}`, nothing))).toBe('555 5.5.4');
    },
  );
});

describe('RCPT', () => {
  it('reads paths, the postmaster and source routes', () => {
    expect(formatMailbox(rcpt('TO:<bob@example.test>').forwardPath)).toBe('bob@example.test');
    expect(formatMailbox(rcpt('TO:<pOsTmAsTeR>').forwardPath)).toBe('postmaster@mx.example.test');
    expect(formatMailbox(rcpt('TO:<@r.test:bob@example.test>').forwardPath)).toBe(
      'bob@example.test',
    );
  });

  it('reads NOTIFY and ORCPT', () => {
    const { params } = rcpt('TO:<b@c.test> NOTIFY=DELAY,FAILURE,delay ORCPT=rfc822;B+2Bx@c.test');
    expect(params).toEqual({
      notify: ['failure', 'delay'],
      orcpt: { type: 'rfc822', address: 'B+x@c.test' },
    });
    expect(rcpt('TO:<b@c.test> NOTIFY=never').params).toEqual({ notify: 'never' });
  });

  it.each([
    ['TO:bob@example.test', '501 5.1.3'],
    ['TO:<>', '501 5.1.3'],
    ['FROM:<b@c.test>', '501 5.5.2'],
    ['TO:<b@c.test> NOTIFY=NEVER,DELAY', '501 5.5.4'],
    ['TO:<b@c.test> NOTIFY=SOON', '501 5.5.4'],
    ['TO:<b@c.test> NOTIFY', '501 5.5.4'],
    ['TO:<b@c.test> ORCPT=b@c.test', '501 5.5.4'],
    ['TO:<b@c.test> ORCPT=rfc822;a+0Ab', '501 5.5.4'],
    ['TO:<b@c.test> SIZE=1', '555 5.5.4'],
    ['TO:<ž@c.test>', '553 5.6.7'],
  ])('refuses %s', (argument, reply) => {
    expect(refusal(() => rcpt(argument))).toBe(reply);
  });

  it('takes addresses outside ASCII where MAIL said SMTPUTF8, and no DSN where none is offered', () => {
    expect(formatMailbox(rcpt('TO:<ž@münchen.test>', true).forwardPath)).toBe(
      'ž@xn--mnchen-3ya.test',
    );
    expect(refusal(() => rcpt('TO:<b@c.test> NOTIFY=NEVER', false, false))).toBe('555 5.5.4');
  });
});

describe('ORCPT', () => {
  it.each([
    ['utf-8;\\x{17E}@c.test', 'ž@c.test'],
    ['UTF-8;ž@c.test', 'ž@c.test'],
    ['utf-8;a\\x{2B}b@c.test', 'a+b@c.test'],
    ['rfc822;a+3Db@c.test', 'a=b@c.test'],
  ])('reads %s', (text, address) => {
    expect(parseOriginalRecipient(text)?.address).toBe(address);
  });

  it.each([
    'utf-8;\\x{D800}',
    'utf-8;\\x{110000}',
    'utf-8;\\x{0A}',
    'utf-8;a+b',
    'rfc822;ž',
    ';a',
    'a b;c',
    'rfc822;',
  ])('does not read %s', (text) => {
    expect(parseOriginalRecipient(text)).toBeUndefined();
  });

  it('comes back as it went', () => {
    const address = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(address, (text) => {
        fc.pre(!/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && text.trim() !== '');
        const recipient = { type: 'utf-8', address: text };
        const coded = formatOriginalRecipient(recipient);
        fc.pre(coded.length <= 500);
        expect(coded).toMatch(/^[\u0021-\u007e]+$/);
        expect(parseOriginalRecipient(coded)).toEqual(recipient);
      }),
    );
  });
});

it('reading arguments only ever throws a MailError', () => {
  const piece = fc.constantFrom(
    'FROM:',
    'TO:',
    '<',
    '>',
    '"',
    '\\',
    '@',
    'a',
    ' ',
    'SIZE',
    '=',
    ',',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (argument, utf8) => {
      refusal(() => mail(argument));
      refusal(() => rcpt(argument, utf8));
    }),
    { numRuns: 2000 },
  );
});
