import { newTraceId, parseDeliveryId } from '@posthouse/mail';
import type { TransferContext } from '@posthouse/mail';
import { testContext } from '@posthouse/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePrivateContext, encodePrivateContext } from '../../src/private-context.ts';

const delivery = parseDeliveryId('D-1');

const full: TransferContext = testContext({
  peer: { address: '2001:db8::1', port: 40_000, name: 'author.example.test' },
  greeting: '[192.0.2.1]',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', verified: false },
  identity: { account: 'alice@example.test', mechanism: 'PLAIN' },
  traceId: newTraceId(),
  ...(delivery === undefined ? {} : { delivery: { id: delivery, repeat: true } }),
});

const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the private context', () => {
  it('comes back as it went, with all facts and with the fewest', () => {
    expect(decodePrivateContext(encodePrivateContext(full))).toEqual(full);
    const least = testContext({ protocol: 'local', peer: { address: 'local' }, greeting: '' });
    expect(decodePrivateContext(encodePrivateContext(least))).toEqual(least);
  });

  it('is a value that a MAIL parameter can carry', () => {
    expect(encodePrivateContext(full)).toMatch(/^[A-Za-z0-9_-]{1,2048}$/);
  });

  it.each([
    ['an unknown field', { ...full, admin: true }],
    ['an unknown field inside', { ...full, peer: { address: '192.0.2.1', trusted: true } }],
    ['a peer that is no address', { ...full, peer: { address: 'example.test' } }],
    ['a port out of range', { ...full, peer: { address: '192.0.2.1', port: 65_536 } }],
    ['a protocol that is none', { ...full, protocol: 'uucp' }],
    ['a line end in the greeting', { ...full, greeting: 'a\r\nReceived: b' }],
    ['a greeting over 255 octets', { ...full, greeting: 'é'.repeat(128) }],
    ['a time that is no integer', { ...full, arrivedAt: 1.5 }],
    ['half an identity', { ...full, identity: { account: 'alice' } }],
    ['a null', { ...full, identity: null }],
    ['TLS that is a string', { ...full, tls: 'TLSv1.3' }],
    ['a delivery id with a slash', { ...full, delivery: { id: '../x', repeat: false } }],
    ['no trace id', { ...full, traceId: undefined }],
    ['a list', [full]],
    ['nothing', null],
  ])('is not read with %s', (_, value) => {
    expect(decodePrivateContext(coded(value))).toBeUndefined();
  });

  it('is not read over 2 KB, nor written', () => {
    const long = { ...full, identity: { account: 'a'.repeat(2000), mechanism: 'PLAIN' } };
    expect(() => encodePrivateContext(long)).toThrow(RangeError);
    expect(decodePrivateContext(coded(long))).toBeUndefined();
  });

  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map(coded)), (text) => {
        decodePrivateContext(text);
      }),
    );
  });
});
