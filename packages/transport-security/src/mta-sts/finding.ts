/** What is known of a domain's MTA-STS policy (RFC 8461 §3). */

/** `testing` reports only; `none` withdraws a policy. */
export type StsMode = 'enforce' | 'testing' | 'none';

/** A policy as it was fetched. */
export interface StsPolicy {
  /** The id of the DNS record that told of it. */
  readonly id: string;
  readonly mode: StsMode;
  /** Names of MX hosts, or `*.domain`; empty in mode `none` only. */
  readonly mx: readonly string[];
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/** Why there is no policy although a domain says that it has one, in the words of RFC 8460 §4.3.2.2. */
export type StsFault = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';

/** What counts for a domain now. */
export type StsFinding =
  | { readonly kind: 'none' }
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  /** Announced, and neither to be had nor remembered: mail goes as without (RFC 8461 §5.1). */
  | { readonly kind: 'failed'; readonly fault: StsFault; readonly because: string };
