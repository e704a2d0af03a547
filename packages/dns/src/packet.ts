/**
 * Queries and responses as octets; the only importer of dns-packet.
 *
 * Reading never throws: whatever comes in is our response, another's, cut short,
 * or malformed. A response counts as ours only with our id and our question. The
 * number of records is bounded before any is decoded, because names may point at
 * names and a packet of 64 KB could ask for a billion steps.
 *
 * RFC 1035 §4.1; RFC 6891 (EDNS0); RFC 4035 §3.2.1 (DO), RFC 6840 §5.7 (AD asked for).
 */
import { AUTHENTIC_DATA, DNSSEC_OK, RECURSION_DESIRED, decode, encode } from 'dns-packet';
import type { Answer as WireRecord, DecodedPacket, OptAnswer } from 'dns-packet';

export type { WireRecord };

/** The record types that mail asks for. */
export type QueryType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'TLSA' | 'TXT';

export interface Question {
  /** As `queryName` gives it. */
  readonly name: string;
  readonly type: QueryType;
}

/** One question on its way. */
export interface Query {
  readonly id: number;
  readonly question: Question;
  readonly octets: Buffer;
}

/** A response to our question, whatever it says. */
export interface Response {
  /** With the upper bits of EDNS (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly authentic: boolean;
  readonly answers: readonly WireRecord[];
  readonly authorities: readonly WireRecord[];
  readonly sizeBytes: number;
}

/** What a packet turned out to be. */
export type Reading =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'foreign' };

/** Fits any path without fragments (RFC 9715 §3.1). */
const UDP_PAYLOAD_BYTES = 1_232;
const HEADER_BYTES = 12;
const MAX_RECORDS = 1_000;

/** Makes a query. Plain DNS where a server does not know EDNS. */
export function createQuery(question: Question, id: number, edns: boolean): Query {
  const octets = encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ ...question, class: 'IN' }],
    additionals: edns ? [OPT] : [],
  });
  return { id, question, octets };
}

const OPT: OptAnswer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: UDP_PAYLOAD_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: DNSSEC_OK,
  flag_do: true,
  options: [],
};

/** Reads what came in as the response to a query. */
export function readResponse(packet: Buffer, query: Query): Reading {
  if (packet.length < HEADER_BYTES || packet.readUInt16BE(0) !== query.id) {
    return { kind: 'foreign' };
  }
  const flags = packet.readUInt16BE(2);
  const isQueryOpcodeResponse = (flags & 0xf800) === 0x8000;
  if (!isQueryOpcodeResponse) return { kind: 'foreign' };
  const asked = readQuestion(packet, flags & 0x000f, query.question);
  if (asked !== 'ours') return asked;
  if ((flags & 0x0200) !== 0) return { kind: 'truncated' };
  return readRecords(packet);
}

function readQuestion(packet: Buffer, rcode: number, question: Question): 'ours' | Reading {
  const count = packet.readUInt16BE(4);
  // A server that could not even read the question may leave it out, but then it has only an error to tell.
  if (count === 0 && rcode !== 0 && rcode !== 3) return 'ours';
  if (count !== 1) return { kind: 'malformed', reason: `${count} questions` };
  const head = Buffer.from(packet);
  head.fill(0, 6, HEADER_BYTES); // no records: only the question is decoded
  const echoed = decodeSafely(head)?.questions?.[0];
  if (echoed === undefined) return { kind: 'malformed', reason: 'the question cannot be read' };
  const same =
    echoed.name.toLowerCase() === question.name &&
    echoed.type === question.type &&
    echoed.class === 'IN';
  return same ? 'ours' : { kind: 'foreign' };
}

function readRecords(packet: Buffer): Reading {
  const count = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10);
  if (count > MAX_RECORDS) return { kind: 'malformed', reason: `${count} records` };
  const decoded = decodeSafely(packet);
  if (decoded === undefined) return { kind: 'malformed', reason: 'a record cannot be read' };
  const opt = decoded.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
  return {
    kind: 'response',
    response: {
      rcode: (packet.readUInt16BE(2) & 0x000f) | ((opt?.extendedRcode ?? 0) << 4),
      authoritative: decoded.flag_aa,
      authentic: decoded.flag_ad,
      answers: decoded.answers ?? [],
      authorities: decoded.authorities ?? [],
      sizeBytes: packet.length,
    },
  };
}

/** dns-packet throws on octets that are out of place, in many ways. */
function decodeSafely(packet: Buffer): DecodedPacket | undefined {
  try {
    return decode(packet);
  } catch {
    return undefined;
  }
}
