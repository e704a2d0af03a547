/**
 * Return-Path fields that came with a message: final delivery takes them out, because it
 * writes its own, and a reader must find that one only (RFC 5321 §4.4).
 *
 * Only in the header section, and only where all of that is in memory; nothing else of the
 * content changes.
 */
import type { StoredContent } from './maildir/stored-content.ts';

/** From one octet to before another, in the stored form. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

const FIELD = /(?<![^\n])return-path[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*/gi;

/** @param opening the start of the same content */
export function withoutReturnPaths(content: StoredContent, opening: Buffer): StoredContent {
  const header = headerOf(content, opening);
  const stretches = [...header.matchAll(FIELD)].map(({ 0: { length }, index }): Stretch => ({
    from: index,
    to: index + length,
  }));
  if (stretches.length === 0) return content;
  const lost = stretches.map(({ from, to }) => header.slice(from, to)).join('');
  const { bytes, sizeBytes, virtualBytes } = content;
  const open = (): AsyncIterable<Uint8Array> => outside(stretches, content.open());
  return {
    sizeBytes: sizeBytes - lost.length,
    virtualBytes: virtualBytes - lost.length - (lost.split('\n').length - 1), // CRLF as they came
    ...(bytes && { bytes: Buffer.concat([...partsOf(bytes, 0, stretches)]) }),
    open,
  };
}

/** With the line end of its last field, one character for each octet. */
function headerOf({ sizeBytes }: StoredContent, opening: Buffer): string {
  if (opening[0] === 0x0a) return ''; // there is none
  const end = opening.indexOf('\n\n');
  if (end === -1 && opening.byteLength < sizeBytes) return '';
  return opening.toString('latin1', 0, end === -1 ? opening.byteLength : end + 1);
}

async function* outside(
  stretches: readonly Stretch[],
  chunks: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    yield* partsOf(chunk, at, stretches);
    at += chunk.byteLength;
  }
}

/** What of a chunk that begins at this octet lies outside. */
function* partsOf(
  chunk: Uint8Array,
  at: number,
  stretches: readonly Stretch[],
): Iterable<Uint8Array> {
  let next = 0;
  for (const { from, to } of stretches) {
    if (from - at > next) yield chunk.subarray(next, from - at);
    next = Math.max(next, to - at);
  }
  if (next < chunk.byteLength) yield chunk.subarray(next);
}
