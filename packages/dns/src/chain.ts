/**
 * From a response to a fact: follows the CNAMEs in it and says what stands at the
 * end, or where to go on asking.
 *
 * Pure. Records of other names, types and classes in the answer section are no
 * part of the answer and are not looked at.
 *
 * RFC 1034 §3.6.2 (CNAME), RFC 2308 §2 and §5 (negative answers and their TTL),
 * RFC 2181 §5.2 and §8 (TTL).
 */
import type { QueryType, Question, Response, WireRecord } from './packet.ts';

/** What one response says about a name. */
export type Step =
  | {
      readonly kind: 'records';
      readonly name: string;
      readonly ttlMs: number;
      readonly records: readonly WireRecord[];
    }
  | { readonly kind: 'empty' | 'no-such-domain'; readonly name: string; readonly ttlMs: number }
  /** The response ends in an alias whose target has to be asked for. */
  | { readonly kind: 'alias'; readonly name: string; readonly ttlMs: number }
  | { readonly kind: 'circle'; readonly name: string };

/** More is an error of whoever made the zone. */
export const MAX_ALIASES = 12;

const NO_SUCH_DOMAIN = 3;
const MAX_TTL_SECONDS = 0x7fff_ffff;

/** Reads a response with rcode 0 or 3. */
export function readStep(question: Question, response: Response): Step {
  let name = question.name;
  let ttlMs = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const records = recordsOf(response, name, question.type);
    const [first] = records;
    if (first !== undefined) {
      return { kind: 'records', name, ttlMs: Math.min(ttlMs, shortestTtl(records)), records };
    }
    const target = aliasOf(response, name);
    if (target === undefined) return atEnd(response, { name, ttlMs, aliased: aliases > 0 });
    ttlMs = Math.min(ttlMs, target.ttlMs);
    name = target.name;
  }
  return { kind: 'circle', name };
}

/**
 * Whether the response only points at other servers: it is no answer, and its empty answer
 * section says nothing about the name (RFC 2308 §2.2, "referral").
 */
export function isReferral(response: Response): boolean {
  return (
    response.rcode === 0 &&
    !response.authoritative &&
    response.answers.length === 0 &&
    response.authorities.some((record) => record.type === 'NS') &&
    soaTtlMs(response) === undefined
  );
}

function atEnd(
  response: Response,
  end: { readonly name: string; readonly ttlMs: number; readonly aliased: boolean },
): Step {
  const { name } = end;
  const negativeTtlMs = soaTtlMs(response);
  const missing = response.rcode === NO_SUCH_DOMAIN;
  // An alias without a word on its target (no SOA either) has not been followed by the server.
  if (end.aliased && !missing && negativeTtlMs === undefined) {
    return { kind: 'alias', name, ttlMs: end.ttlMs };
  }
  // Without an SOA there is no leave to remember it (RFC 2308 §5).
  const ttlMs = Math.min(end.ttlMs, negativeTtlMs ?? 0);
  return { kind: missing ? 'no-such-domain' : 'empty', name, ttlMs };
}

function recordsOf(response: Response, name: string, type: QueryType): readonly WireRecord[] {
  return response.answers.filter((record) => record.type === type && isAt(record, name));
}

function aliasOf(
  response: Response,
  name: string,
): { readonly name: string; readonly ttlMs: number } | undefined {
  for (const record of response.answers) {
    if (record.type !== 'CNAME' || !isAt(record, name)) continue;
    return { name: record.data.toLowerCase(), ttlMs: ttlMsOf(record) };
  }
  return undefined;
}

function isAt(record: WireRecord, name: string): boolean {
  return record.type !== 'OPT' && record.class === 'IN' && record.name.toLowerCase() === name;
}

function soaTtlMs(response: Response): number | undefined {
  for (const record of response.authorities) {
    if (record.type !== 'SOA') continue;
    return Math.min(ttlMsOf(record), (record.data.minimum ?? 0) * 1_000);
  }
  return undefined;
}

function shortestTtl(records: readonly WireRecord[]): number {
  return Math.min(...records.map(ttlMsOf));
}

/** A TTL with the top bit set counts as 0 (RFC 2181 §8). */
function ttlMsOf(record: WireRecord): number {
  const seconds = record.type === 'OPT' ? 0 : (record.ttl ?? 0);
  return seconds > MAX_TTL_SECONDS ? 0 : seconds * 1_000;
}
