import { describe, expect, it } from 'vitest';
import {
  fieldValue,
  formatDateTime,
  newTraceId,
  newTransactionId,
  NULL_PATH,
  parseMailbox,
  parseTransactionId,
  receivedField,
  returnPathField,
  transmissionType,
} from '@posthouse/mail';
import type { TransferContext } from '@posthouse/mail';

const ARRIVED = Date.UTC(2026, 10, 3, 4, 5, 6);

function context(facts: Partial<TransferContext> = {}): TransferContext {
  return {
    protocol: 'esmtp',
    peer: { address: '192.0.2.7' },
    greeting: 'client.example.test',
    arrivedAt: ARRIVED,
    traceId: newTraceId(),
    ...facts,
  };
}
const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verified: false };
const identity = { account: 'alice@example.test', mechanism: 'PLAIN' };

describe('the Received field', () => {
  it('tells who, by whom, how, under which id and when', () => {
    const id = newTransactionId(ARRIVED);
    const recipient = parseMailbox('bob@example.test');
    const field = receivedField({
      context: context({ tls, identity }),
      by: 'mx.example.test',
      id,
      smtpUtf8: false,
      ...(recipient && { recipient }),
    });
    expect(fieldValue(field)).toBe(
      'from client.example.test ([192.0.2.7])\tby mx.example.test with ESMTPSA id ' +
        `${id}\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\tfor <bob@example.test>;\tTue, 3 Nov 2026 04:05:06 +0000`,
    );
  });

  it('cannot be broken by what the peer calls itself', () => {
    const field = receivedField({
      context: context({
        greeting: 'x) by evil\r\nBcc: (',
        peer: { address: '::ffff:192.0.2.7', name: 'a(b' },
      }),
      by: 'mx.example.test',
      id: newTransactionId(ARRIVED),
      smtpUtf8: false,
    });
    expect(field.raw).toMatch(
      /^Received: from x\?\?by\?evil\?\?Bcc:\?\? \(a\?b \[192\.0\.2\.7\]\)\r\n\t/,
    );
  });

  it.each([
    [context({ protocol: 'smtp' }), false, 'SMTP'],
    [context(), false, 'ESMTP'],
    [context({ tls }), false, 'ESMTPS'],
    [context({ identity }), false, 'ESMTPA'],
    [context({ protocol: 'lmtp' }), false, 'LMTP'],
    [context({ tls, identity }), true, 'UTF8SMTPSA'],
    [context({ protocol: 'lmtp', tls }), true, 'UTF8LMTPS'],
    [context({ protocol: 'local' }), false, undefined],
  ])('names the protocol (RFC 3848, RFC 6531) %#', (session, smtpUtf8, keyword) => {
    expect(transmissionType(session, smtpUtf8)).toBe(keyword);
  });
});

describe('trace', () => {
  it('writes the null path into Return-Path', () => {
    expect(returnPathField(NULL_PATH).raw).toBe('Return-Path: <>\r\n');
  });

  it('writes dates in UTC', () => {
    expect(formatDateTime(0)).toBe('Thu, 1 Jan 1970 00:00:00 +0000');
  });

  it('makes transaction ids that sort by time and are read again', () => {
    const [early, late] = [newTransactionId(1_000), newTransactionId(Date.UTC(2150, 1))];
    expect(early < late).toBe(true);
    expect(parseTransactionId(late)).toBe(late);
    expect(parseTransactionId('../../etc/passwd')).toBeUndefined();
  });
});
