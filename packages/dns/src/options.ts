/**
 * What a resolver can be told, with defaults, checked once when it is made.
 */

/** Every limit and duration of a resolver. */
export interface ResolverOptions {
  /**
   * Servers in order of preference, as `192.0.2.53`, `192.0.2.53:5300` or `[2001:db8::53]:5300`.
   * @default the system's, read again when they may have changed
   */
  readonly servers?: readonly string[] | undefined;
  /** How long one server may take in the first round; doubled each round. @default 2000 */
  readonly timeoutMs?: number | undefined;
  /** Rounds over the servers that did not answer. @default 2 */
  readonly attempts?: number | undefined;
  /** How long one lookup may take in all, aliases included. @default 15000 */
  readonly deadlineMs?: number | undefined;
  /** Lookups on the network at the same time; more wait. @default 256 */
  readonly maxConcurrent?: number | undefined;
  /** Names and types remembered. @default 20000 */
  readonly maxEntries?: number | undefined;
  /** Octets of the answers remembered, as they came. @default 16777216 */
  readonly maxCacheBytes?: number | undefined;
  /** Longest that records are believed, whatever their TTL says. @default 86400000 */
  readonly maxTtlMs?: number | undefined;
  /** Longest that "no such" is believed (RFC 2308 §5). @default 3600000 */
  readonly maxNegativeTtlMs?: number | undefined;
  /** How long after their TTL records may still serve while no server answers (RFC 8767); 0: never. @default 86400000 */
  readonly maxStaleMs?: number | undefined;
  /** How long a caller waits for a fresh answer where a stale one is at hand. @default 1800 */
  readonly staleAnswerAfterMs?: number | undefined;
  /** How long a failed lookup is not tried again (RFC 9520 §3.2). @default 5000 */
  readonly failureTtlMs?: number | undefined;
  /** How long a server that did not answer is asked last. @default 30000 */
  readonly serverRestMs?: number | undefined;
  /**
   * From which servers the AD bit is believed. It is only as good as the path to the
   * server, so by default it must be on this host (RFC 7672 §1.3, RFC 6698 A.3).
   * @default 'loopback'
   */
  readonly trustAuthenticData?: 'loopback' | 'always' | 'never' | undefined;
}

/** Options with every default filled in. */
export type ResolvedOptions = {
  readonly [Key in keyof Omit<ResolverOptions, 'servers'>]-?: Exclude<
    ResolverOptions[Key],
    undefined
  >;
};

/** The defaults; see `ResolverOptions`. */
export const DEFAULT_OPTIONS: ResolvedOptions = Object.freeze({
  timeoutMs: 2_000,
  attempts: 2,
  deadlineMs: 15_000,
  maxConcurrent: 256,
  maxEntries: 20_000,
  maxCacheBytes: 16 * 1024 * 1024,
  maxTtlMs: 24 * 3_600_000,
  maxNegativeTtlMs: 3_600_000,
  maxStaleMs: 24 * 3_600_000,
  staleAnswerAfterMs: 1_800,
  failureTtlMs: 5_000,
  serverRestMs: 30_000,
  trustAuthenticData: 'loopback',
});

const AT_LEAST_ONE = [
  'timeoutMs',
  'attempts',
  'deadlineMs',
  'maxConcurrent',
  'maxEntries',
] as const;
const AT_LEAST_ZERO = [
  'maxCacheBytes',
  'maxTtlMs',
  'maxNegativeTtlMs',
  'maxStaleMs',
  'staleAnswerAfterMs',
  'failureTtlMs',
  'serverRestMs',
] as const;

/** Fills in the defaults. @throws RangeError naming the option that makes no sense */
export function resolveOptions(options: ResolverOptions): ResolvedOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const resolved: ResolvedOptions = { ...DEFAULT_OPTIONS, ...Object.fromEntries(given) };
  for (const key of AT_LEAST_ONE) requireNumber(key, resolved[key], 1);
  for (const key of AT_LEAST_ZERO) requireNumber(key, resolved[key], 0);
  return resolved;
}

function requireNumber(key: string, value: number, least: number): void {
  if (!(value >= least)) throw new RangeError(`${key} must be a number from ${least} on: ${value}`);
}
