import { describe, expect, it } from 'vitest';
import { createReply } from '@posthouse/mail';
import { NO_OFFERS, readOffers } from '../../src/outbound/offers.ts';

function offers(...keywords: readonly string[]): ReturnType<typeof readOffers> {
  return readOffers(createReply(250, undefined, 'peer.example.test greets you', ...keywords));
}

describe('offers', () => {
  it('are none where only a name is said, even a misleading one', () => {
    expect(readOffers(createReply(250, undefined, 'DSN.example.test'))).toEqual(NO_OFFERS);
  });

  it('are read in any case', () => {
    expect(
      offers(
        'size 1000',
        'DSN',
        'SmtpUtf8',
        '8BITMIME',
        'PIPELINING',
        'CHUNKING',
        'REQUIRETLS',
        'AUTH PLAIN login',
        'LIMITS RCPTMAX=20 mailmax=5 RCPTDOMAINMAX=1',
        'XPOSTHOUSE',
        'X-UNKNOWN 1 2',
      ),
    ).toEqual({
      size: true,
      maxSizeBytes: 1000,
      dsn: true,
      smtpUtf8: true,
      eightBitMime: true,
      pipelining: true,
      chunking: true,
      requireTls: true,
      mechanisms: ['PLAIN', 'LOGIN'],
      limits: { rcptMax: 20, mailMax: 5 },
      privateContext: true,
    });
  });

  it.each(['SIZE', 'SIZE 0', 'SIZE many'])('%s names no limit', (line) => {
    expect(offers(line)).toEqual({ ...NO_OFFERS, size: true });
  });

  it('joins the two ways of saying AUTH', () => {
    expect(offers('AUTH=LOGIN', 'AUTH LOGIN PLAIN').mechanisms).toEqual(['LOGIN', 'PLAIN']);
  });

  it('passes over limits that make no sense', () => {
    expect(offers('LIMITS RCPTMAX=x MAILMAX=0 RCPTMAX').limits).toEqual({});
  });
});
