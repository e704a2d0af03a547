/**
 * What a lookup can answer.
 *
 * An answer is a fact about a name: these records, none of this type, or no such
 * name. Trouble on the way to the fact (silence, SERVFAIL, nonsense) is no answer
 * but a `DnsError`, and transient: only an answer may be the proof of a permanent
 * failure.
 *
 * RFC 1035, RFC 2308 §2 (no data and no such name), RFC 6840 §5.7 (AD).
 */
import type { Domain } from '@posthouse/mail';

interface Fact {
  /**
   * Whether a validating server vouched for it by the AD bit, over a path that the option
   * `trustAuthenticData` believes, for every step of the way.
   */
  readonly secure: boolean;
  /** Where the answer stands: the name asked for, or where CNAMEs led. Lower case, no final dot. */
  readonly name: string;
}

/** The name has records of the type. */
export interface Records<R> extends Fact {
  readonly kind: 'records';
  /** Never empty unless all there were are unusable. */
  readonly records: readonly R[];
  /** Records that cannot mean anything, as text for a report: an MX whose exchange is no host name. */
  readonly unusable: readonly string[];
}

/** The name exists, or may exist, without records of the type. */
export interface Empty extends Fact {
  readonly kind: 'empty';
}

/** The name does not exist. */
export interface NoSuchDomain extends Fact {
  readonly kind: 'no-such-domain';
}

/** The answer to one question: a closed union on `kind`. */
export type Answer<R> = Records<R> | Empty | NoSuchDomain;

/** A mail exchanger (RFC 5321 §5.1); exchange `.` is the null MX (RFC 7505 §3). */
export interface MxRecord {
  readonly preference: number;
  readonly exchange: Domain | '.';
}

/** A TLS association (RFC 6698 §2.1). */
export interface TlsaRecord {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** The certificate association data, a copy of one's own. */
  readonly certificate: Uint8Array;
}
