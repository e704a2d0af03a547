/**
 * DnsError: why there is no answer. Always transient; a queue tries again.
 */

/**
 * `timeout`         nobody answered in time;
 * `server-failure`  a server said SERVFAIL (its own trouble, or a signature that is bogus) or
 *                   REFUSED, sent us elsewhere, or could not be reached;
 * `malformed`       what came back cannot be read, or aliases led in circles;
 * `stopped`         the resolver is not running.
 */
export type DnsErrorKind = 'timeout' | 'server-failure' | 'malformed' | 'stopped';

/** No answer. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
  readonly kind: DnsErrorKind;

  constructor(kind: DnsErrorKind, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}
