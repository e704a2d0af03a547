/**
 * The lines of a ledger file.
 *
 *     posthouse-ledger 1 <boot> <started at, ms>
 *     i <key> <attempt>      the attempt's file is whole in tmp and is about to be published
 *     w <key> <attempt>      it was not published, and its file is taken away
 *     d <key>                published, and on the disk
 *
 * A power cut may leave half a line, or zeros. Lines that are none of these mean nothing
 * and are passed over.
 */
import type { DeliveryKey } from './delivery-key.ts';

/** One line. */
export type LedgerRecord =
  | { readonly kind: 'intended' | 'withdrawn'; readonly key: DeliveryKey; readonly attempt: string }
  | { readonly kind: 'delivered'; readonly key: DeliveryKey };

/** The first line. */
export interface LedgerHeader {
  readonly boot: string;
  readonly startedAt: number;
}

const HEADER = /^posthouse-ledger 1 (\S{1,80}) (\d{1,16})$/;
const RECORD = /^(?:([iw]) ([0-9a-f]{32}) (Q\d+R[0-9a-f]{16})|d ([0-9a-f]{32}))$/;

export function formatHeader(header: LedgerHeader): string {
  return `posthouse-ledger 1 ${header.boot} ${header.startedAt}\n`;
}

export function formatRecord(record: LedgerRecord): string {
  if (record.kind === 'delivered') return `d ${record.key}\n`;
  return `${record.kind === 'intended' ? 'i' : 'w'} ${record.key} ${record.attempt}\n`;
}

/** Reads a line without its end; `undefined` for what is none. */
export function parseHeader(line: string): LedgerHeader | undefined {
  const [, boot, startedAt] = HEADER.exec(line) ?? [];
  return boot === undefined ? undefined : { boot, startedAt: Number(startedAt) };
}

/** Reads a line without its end; `undefined` for what is none. */
export function parseRecord(line: string): LedgerRecord | undefined {
  const [, letter, key, attempt, delivered] = RECORD.exec(line) ?? [];
  if (delivered !== undefined) return { kind: 'delivered', key: delivered };
  if (key === undefined || attempt === undefined) return undefined;
  return { kind: letter === 'i' ? 'intended' : 'withdrawn', key, attempt };
}
