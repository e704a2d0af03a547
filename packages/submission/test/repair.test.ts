import { readHeaderSection } from '@posthouse/mail';
import { expect, it } from 'vitest';
import { repairHeaderSection } from '../src/repair.ts';

const facts = {
  now: Date.UTC(2026, 10, 3, 4, 5, 6),
  messageId: '<id@mail.example.test>',
  author: 'alice@example.test',
};
const repair = (text: string): string =>
  repairHeaderSection(readHeaderSection(Buffer.from(text)), facts).toString();

it('adds Date, From and Message-ID where they are missing', () => {
  expect(repair('Subject: hi\r\n\r\nbody')).toBe(
    'Subject: hi\r\nDate: Tue, 3 Nov 2026 04:05:06 +0000\r\nFrom: <alice@example.test>\r\n' +
      'Message-ID: <id@mail.example.test>\r\n\r\n',
  );
});

it('changes no octet of what is there', () => {
  const whole =
    'DATE: yesterday\r\nfrom:  alice@example.test\r\nMessage-Id : <mine>\r\nSubject: a\r\n\t b \r\n\r\n';
  expect(repair(whole)).toBe(whole);
});

it('takes Bcc out, however it is written', () => {
  const repaired = repair(
    'From: a@b.test\r\nBCC: secret@x.test,\r\n more@x.test\r\nResent-Bcc: y@x.test\r\nTo: c@d.test\r\n\r\n',
  );
  expect(repaired).not.toMatch(/x\.test/);
  expect(repaired).toMatch(/^From: a@b\.test\r\nTo: c@d\.test\r\n/);
});

it('refuses where a signature covers the Bcc that must go', () => {
  const signed = (names: string): string =>
    `DKIM-Signature: v=1; a=rsa-sha256;\r\n\th=from:${names}; bh=x; b=y\r\nFrom: a@b.test\r\nBcc: x@y.test\r\n\r\n`;
  expect(() => repair(signed('to:\r\n\t Bcc'))).toThrow(/^550 5\.7\.7 /);
  expect(repair(signed('to'))).not.toMatch(/^Bcc/m);
});

it('gives a header section to text that has none', () => {
  expect(repair('Hello, this is no field\r\n')).toMatch(/^Date: [^]*\r\n\r\n$/);
});
