/**
 * What a test's DNS server says to a query: the zone's answer, or a fault.
 *
 * Pure. Each buffer is a packet; where there is none, it says nothing.
 */
import {
  AUTHENTIC_DATA,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  encode,
} from 'dns-packet';
import type { DecodedPacket, OptAnswer, Packet, Question } from 'dns-packet';
import { answerFrom } from './zone.ts';
import type { Zone } from './zone.ts';

/** What can go wrong with the questions about a name. */
export type Fault =
  | 'silence' // no answer at all
  | 'server-failure' // SERVFAIL
  | 'refused' // REFUSED
  | 'referral' // nothing but the name of another server
  | 'truncated' // over UDP cut short, whole over TCP
  | 'truncated-always' // cut short over TCP, too
  | 'malformed' // no DNS behind the header
  | 'forged-id' // SERVFAIL under another id, and then the right answer
  | 'forged-question' // SERVFAIL to another question, and then the right answer
  | 'no-edns' // FORMERR to EDNS, an answer to plain DNS
  | 'alias-only' // aliases are not followed
  | 'hold'; // kept back until it is released

const FORMAT_ERROR = 1;
const SERVER_FAILURE = 2;
const NO_SUCH_DOMAIN = 3;
const REFUSED = 5;
/** Largest response over UDP without EDNS (RFC 1035 §4.2.1). */
const PLAIN_UDP_BYTES = 512;

/** Answers a query. */
export function respond(
  zone: Zone,
  query: DecodedPacket,
  transport: 'udp' | 'tcp',
  fault: Fault | undefined,
): readonly Buffer[] {
  const opt = query.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
  switch (fault) {
    case 'silence':
      return [];
    case 'server-failure':
      return [errorOf(query, SERVER_FAILURE)];
    case 'refused':
      return [errorOf(query, REFUSED)];
    case 'no-edns':
      return [opt === undefined ? whole(zone, query) : errorOf(query, FORMAT_ERROR)];
    case 'referral':
      return [referral(query)];
    case 'truncated':
      return [transport === 'udp' ? cut(query) : whole(zone, query)];
    case 'truncated-always':
      return [cut(query)];
    case 'malformed':
      return [garbled(whole(zone, query))];
    case 'forged-id':
      return [errorOf({ ...query, id: (query.id ?? 0) ^ 1 }, SERVER_FAILURE), whole(zone, query)];
    case 'forged-question':
      return [errorOf({ ...query, questions: [ELSEWHERE] }, SERVER_FAILURE), whole(zone, query)];
    case 'alias-only':
      return [whole(zone, query, false)];
    case 'hold':
    case undefined: {
      const octets = whole(zone, query);
      const limit = opt?.udpPayloadSize ?? PLAIN_UDP_BYTES;
      return [transport === 'udp' && octets.length > limit ? cut(query) : octets];
    }
  }
}

const ELSEWHERE: Question = { type: 'A', name: 'elsewhere.test' };

function errorOf(query: DecodedPacket, rcode: number): Buffer {
  return packetOf(query, { flags: rcode });
}

function referral(query: DecodedPacket): Buffer {
  return packetOf(query, {
    authorities: [{ type: 'NS', name: '.', ttl: 300, data: 'ns.elsewhere.test' }],
  });
}

function whole(zone: Zone, query: DecodedPacket, followAliases = true): Buffer {
  const answer = answerFrom(zone, questionOf(query), followAliases);
  const flags = (answer.secure ? AUTHENTIC_DATA : 0) | (answer.noSuchDomain ? NO_SUCH_DOMAIN : 0);
  return packetOf(query, { flags, answers: answer.answers, authorities: answer.authorities });
}

function cut(query: DecodedPacket): Buffer {
  return packetOf(query, { flags: TRUNCATED_RESPONSE });
}

function garbled(octets: Buffer): Buffer {
  octets.writeUInt16BE(9, 6); // nine answers, of which not one can be read
  octets.fill(0xff, 12 + 4);
  return octets;
}

function packetOf(query: DecodedPacket, parts: Packet): Buffer {
  return encode({
    ...parts,
    type: 'response',
    id: query.id ?? 0,
    flags: RECURSION_DESIRED | RECURSION_AVAILABLE | (parts.flags ?? 0),
    questions: [questionOf(query)],
  });
}

function questionOf(query: DecodedPacket): Question {
  return query.questions?.[0] ?? { type: 'A', name: '.' };
}
