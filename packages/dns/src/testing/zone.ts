/**
 * The whole DNS as one literal, and what it answers.
 *
 * A name that is in the literal, or above one that is, exists; all others do not.
 * Aliases are followed within the literal, as a resolving server does. Negative
 * answers carry an SOA, so that they may be remembered.
 */
import type { Answer as WireRecord } from 'dns-packet';

/** The records of one name. A number of MX is the preference. */
export interface ZoneRecords {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  /** `[10, 'mx1.example.test']`; the null MX is `[0, '.']`. */
  readonly mx?: readonly (readonly [preference: number, exchange: string])[];
  /** Cut into strings of 255 octets by itself. */
  readonly txt?: readonly string[];
  readonly tlsa?: readonly ZoneTlsa[];
  readonly ptr?: readonly string[];
  readonly cname?: string;
  /** Seconds. @default 300 */
  readonly ttl?: number;
  /** Whether answers about the name carry the AD bit. @default false */
  readonly secure?: boolean;
}

export interface ZoneTlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly certificate: Uint8Array;
}

/** Name → records, names in lower case without a final dot. */
export type Zone = Readonly<Record<string, ZoneRecords>>;

/** The sections of an answer. */
export interface ZoneAnswer {
  readonly noSuchDomain: boolean;
  readonly secure: boolean;
  readonly answers: WireRecord[];
  readonly authorities: WireRecord[];
}

const DEFAULT_TTL = 300;
const MAX_ALIASES = 20;
const MAX_STRING_OCTETS = 255;

/** Answers a question from the zone. `followAliases` false stops at the first alias. */
export function answerFrom(
  zone: Zone,
  question: { readonly name: string; readonly type: string },
  followAliases = true,
): ZoneAnswer {
  const answers: WireRecord[] = [];
  let name = question.name.toLowerCase();
  let secure = true;
  for (let aliases = 0; aliases < MAX_ALIASES; aliases++) {
    const records = zone[name];
    secure &&= records?.secure ?? false;
    const found = records === undefined ? [] : wireRecords(name, question.type, records);
    answers.push(...found);
    if (found.length > 0) return { noSuchDomain: false, secure, answers, authorities: [] };
    if (records?.cname === undefined) return negative(zone, name, { secure, answers });
    answers.push({ type: 'CNAME', name, ttl: records.ttl ?? DEFAULT_TTL, data: records.cname });
    name = records.cname.toLowerCase();
    if (!followAliases) break;
  }
  return { noSuchDomain: false, secure, answers, authorities: [] };
}

function negative(
  zone: Zone,
  name: string,
  facts: Pick<ZoneAnswer, 'secure' | 'answers'>,
): ZoneAnswer {
  const exists = Object.keys(zone).some((known) => known === name || known.endsWith(`.${name}`));
  const ttl = zone[name]?.ttl ?? DEFAULT_TTL;
  const soa: WireRecord = {
    type: 'SOA',
    name: name.slice(name.lastIndexOf('.') + 1),
    ttl,
    data: { mname: 'ns.invalid', rname: 'hostmaster.invalid', serial: 1, minimum: ttl },
  };
  return { ...facts, noSuchDomain: !exists, authorities: [soa] };
}

function wireRecords(name: string, type: string, records: ZoneRecords): WireRecord[] {
  const ttl = records.ttl ?? DEFAULT_TTL;
  switch (type) {
    case 'A':
      return (records.a ?? []).map((data) => ({ type: 'A', name, ttl, data }));
    case 'AAAA':
      return (records.aaaa ?? []).map((data) => ({ type: 'AAAA', name, ttl, data }));
    case 'MX':
      return (records.mx ?? []).map(([preference, exchange]) => ({
        type: 'MX',
        name,
        ttl,
        data: { preference, exchange },
      }));
    case 'TXT':
      return (records.txt ?? []).map((text) => ({ type: 'TXT', name, ttl, data: strings(text) }));
    case 'TLSA':
      return (records.tlsa ?? []).map((tlsa) => ({
        type: 'TLSA',
        name,
        ttl,
        data: { ...tlsa, certificate: Buffer.from(tlsa.certificate) },
      }));
    case 'CNAME':
      return records.cname === undefined ? [] : [{ type: 'CNAME', name, ttl, data: records.cname }];
    case 'PTR':
      return (records.ptr ?? []).map((data) => ({ type: 'PTR', name, ttl, data }));
    default:
      return [];
  }
}

function strings(text: string): Buffer[] {
  const octets = Buffer.from(text);
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < octets.length; at += MAX_STRING_OCTETS) {
    parts.push(octets.subarray(at, at + MAX_STRING_OCTETS));
  }
  return parts;
}
