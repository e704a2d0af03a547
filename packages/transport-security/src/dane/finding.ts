/** What the DNS says about the TLSA records of a host (RFC 7672 §2.2). */
import type { TlsaRecord } from '@posthouse/dns';

/** `because` names the records, or why there are none to count on. */
export type DaneFinding =
  /** No TLSA records, or none that DNSSEC vouches for. */
  | { readonly kind: 'none'; readonly because: string }
  | {
      readonly kind: 'records';
      /** Those that can be used, never empty. */
      readonly records: readonly TlsaRecord[];
      /** The host, the TLSA base domain and the domain of the mail: whom a certificate may be for. */
      readonly names: readonly string[];
      readonly because: string;
    }
  /** There are records under signature, and none that can be used. */
  | { readonly kind: 'unusable'; readonly because: string }
  /** No answer, so that there might be some. */
  | { readonly kind: 'trouble'; readonly because: string };
