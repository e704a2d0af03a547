/**
 * From wire records to records of mail, one reader per type.
 *
 * A reader answers `undefined` for a record that cannot mean anything; that is
 * kept apart, because "an MX that points nowhere" is not "no MX".
 */
import { isIPv4, isIPv6 } from 'node:net';
import { parseDomain } from '@posthouse/mail';
import type { Domain } from '@posthouse/mail';
import type { MxRecord, TlsaRecord } from './answer.ts';
import type { QueryType, WireRecord } from './packet.ts';

/** Reads the records of one type. */
export interface RecordReader<R> {
  readonly type: QueryType;
  read(record: WireRecord): R | undefined;
  /** An unusable record as text. */
  show(record: WireRecord): string;
}

export const MX: RecordReader<MxRecord> = {
  type: 'MX',
  read(record) {
    if (record.type !== 'MX') return undefined;
    const { preference = 0, exchange } = record.data;
    const host = exchange === '.' ? '.' : hostName(exchange);
    return host === undefined ? undefined : { preference, exchange: host };
  },
  show: (record) =>
    record.type === 'MX' ? `${record.data.preference ?? 0} ${record.data.exchange}` : '',
};

export const A: RecordReader<string> = {
  type: 'A',
  read: (record) => (record.type === 'A' && isIPv4(record.data) ? record.data : undefined),
  show: (record) => (record.type === 'A' ? record.data : ''),
};

export const AAAA: RecordReader<string> = {
  type: 'AAAA',
  read: (record) => (record.type === 'AAAA' && isIPv6(record.data) ? record.data : undefined),
  show: (record) => (record.type === 'AAAA' ? record.data : ''),
};

/** The strings of a record belong together without anything between (RFC 7208 §3.3). */
export const TXT: RecordReader<string> = {
  type: 'TXT',
  read(record) {
    if (record.type !== 'TXT') return undefined;
    const strings = Array.isArray(record.data) ? record.data : [record.data];
    return Buffer.concat(strings.map((string) => Buffer.from(string))).toString('utf8');
  },
  show: () => '',
};

export const TLSA: RecordReader<TlsaRecord> = {
  type: 'TLSA',
  read(record) {
    if (record.type !== 'TLSA') return undefined;
    const { usage, selector, matchingType, certificate } = record.data;
    return { usage, selector, matchingType, certificate: Uint8Array.from(certificate) };
  },
  show: () => '',
};

export const PTR: RecordReader<Domain> = {
  type: 'PTR',
  read: (record) => (record.type === 'PTR' ? hostName(record.data) : undefined),
  show: (record) => (record.type === 'PTR' ? record.data : ''),
};

export const CNAME: RecordReader<Domain> = {
  type: 'CNAME',
  read: (record) => (record.type === 'CNAME' ? hostName(record.data) : undefined),
  show: (record) => (record.type === 'CNAME' ? record.data : ''),
};

function hostName(text: string): Domain | undefined {
  return parseDomain(text.toLowerCase());
}
