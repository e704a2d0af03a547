/**
 * What a peer offers in its reply to EHLO or LHLO.
 *
 * Unknown keywords are passed over; a known one with a parameter that makes no sense
 * counts as offered without it. After HELO nothing is offered.
 *
 * RFC 5321 §4.1.1.1; SIZE RFC 1870, DSN RFC 3461, SMTPUTF8 RFC 6531, 8BITMIME RFC 6152,
 * PIPELINING RFC 2920, CHUNKING RFC 3030, REQUIRETLS RFC 8689, LIMITS RFC 9422, AUTH RFC 4954.
 */
import type { Reply } from '@posthouse/mail';

/** Plain data. */
export interface PeerOffers {
  readonly size: boolean;
  /** The largest message in octets; absent where the peer names none (or 0, RFC 1870 §4). */
  readonly maxSizeBytes?: number;
  readonly dsn: boolean;
  readonly smtpUtf8: boolean;
  readonly eightBitMime: boolean;
  readonly pipelining: boolean;
  readonly chunking: boolean;
  readonly requireTls: boolean;
  /** SASL mechanisms in upper case, in the peer's order. */
  readonly mechanisms: readonly string[];
  readonly limits: PeerLimits;
  /** XPOSTHOUSE, between our own agents only. */
  readonly privateContext: boolean;
}

/** RFC 9422 §3. */
export interface PeerLimits {
  /** Recipients of one transaction. */
  readonly rcptMax?: number;
  /** Transactions of one session. */
  readonly mailMax?: number;
}

/** What a peer offers that knows only HELO. */
export const NO_OFFERS: PeerOffers = {
  size: false,
  dsn: false,
  smtpUtf8: false,
  eightBitMime: false,
  pipelining: false,
  chunking: false,
  requireTls: false,
  mechanisms: [],
  limits: {},
  privateContext: false,
};

/** Reads the 250 of EHLO or LHLO; its first line is the peer's name. */
export function readOffers(reply: Reply): PeerOffers {
  const keywords = new Map<string, string>();
  for (const line of reply.lines.slice(1)) {
    // `AUTH=PLAIN` is how old servers said `AUTH PLAIN`; both may stand beside each other.
    const [, keyword = '', parameters = ''] = /^([A-Za-z0-9-]+)[ \t=]*(.*)$/.exec(line) ?? [];
    const name = keyword.toUpperCase();
    keywords.set(name, `${keywords.get(name) ?? ''} ${parameters}`.trim());
  }
  const maxSizeBytes = positive(keywords.get('SIZE'));
  return {
    size: keywords.has('SIZE'),
    ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
    dsn: keywords.has('DSN'),
    smtpUtf8: keywords.has('SMTPUTF8'),
    eightBitMime: keywords.has('8BITMIME'),
    pipelining: keywords.has('PIPELINING'),
    chunking: keywords.has('CHUNKING'),
    requireTls: keywords.has('REQUIRETLS'),
    mechanisms: [...new Set(words(keywords.get('AUTH')).map((word) => word.toUpperCase()))],
    limits: readLimits(keywords.get('LIMITS')),
    privateContext: keywords.has('XPOSTHOUSE'),
  };
}

function readLimits(parameters: string | undefined): PeerLimits {
  const limits = new Map(
    words(parameters).map((word) => {
      const [name = '', value = ''] = word.split('=', 2);
      return [name.toUpperCase(), positive(value)] as const;
    }),
  );
  const rcptMax = limits.get('RCPTMAX');
  const mailMax = limits.get('MAILMAX');
  return {
    ...(rcptMax === undefined ? {} : { rcptMax }),
    ...(mailMax === undefined ? {} : { mailMax }),
  };
}

function words(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(/\s+/).filter((word) => word !== '');
}

/** RFC 9422 §4.1 and RFC 1870 §3: digits, and zero says nothing. */
function positive(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value > 0 ? value : undefined;
}
