/**
 * A message without the content of its attachments, for a search in its text: what nobody
 * will look at is not decoded, which is most of what a mailbox holds.
 *
 * Passes header sections, text and boundaries on as they are; of a part that is neither text
 * nor multipart, or says that it is an attachment, nothing but its header section. What looks
 * like no MIME goes by untouched. Holds one line, or one part's header section, at most 64 KiB.
 * All is read into one piece of memory: buffers that come and go lie outside of the heap, where
 * the collector lets dozens of megabytes of them wait.
 *
 * RFC 2046 §5.1 (boundaries), RFC 2183.
 */

import { open } from 'node:fs/promises';

type Place = 'dropped' | 'header' | 'kept';

const READ_BYTES = 65_536;
const MAX_HELD_BYTES = 65_536;
/** Octets of memory to read with. */
export const TEXT_ONLY_BYTES: number = READ_BYTES + MAX_HELD_BYTES;
const [LF, DASH] = [10, 45];

/**
 * Reads a message's file. What is left out makes no garbage.
 * @param memory at least `TEXT_ONLY_BYTES`, and nobody else's until the reading has ended
 * @throws what the file system throws
 */
export async function* textOnly(
  path: string,
  memory: Buffer,
): AsyncGenerator<Buffer, undefined, undefined> {
  const filter = new TextFilter();
  const file = await open(path, 'r');
  try {
    let held = 0;
    for (;;) {
      const { bytesRead } = await file.read(memory, held, READ_BYTES);
      const octets = memory.subarray(0, held + bytesRead);
      const taken = bytesRead === 0 ? held : takenOf(octets);
      for (const kept of filter.take(octets.subarray(0, taken))) yield Buffer.from(kept);
      if (bytesRead === 0) return;
      memory.copyWithin(0, taken, octets.length);
      held = octets.length - taken;
    }
  } finally {
    await file.close();
  }
}

/** How many of the octets go on: whole lines, or all where the last one is too long to hold. */
function takenOf(octets: Buffer): number {
  const whole = octets.lastIndexOf(LF) + 1;
  return octets.length - whole > MAX_HELD_BYTES ? octets.length : whole;
}

class TextFilter {
  #place: Place = 'header';
  readonly #boundaries = new Set<string>();
  /** The header section so far, in latin1. */
  #header = '';
  /** The beginning of a line has gone by, and its end is to come. */
  #isMiddle = false;

  /** Whole lines; behind them, the beginning of one that is too long, or the end of the file. */
  *take(octets: Buffer): Generator<Buffer, void, void> {
    const whole = octets.lastIndexOf(LF) + 1;
    if (whole > 0) yield* this.#lines(octets.subarray(0, whole));
    if (whole === octets.length) return;
    if (this.#place !== 'dropped') yield octets.subarray(whole);
    this.#isMiddle = true;
  }

  /** Whole lines, or the end of one and then whole ones. */
  *#lines(octets: Buffer): Generator<Buffer, void, void> {
    let from = 0;
    if (this.#isMiddle) {
      from = octets.indexOf(LF) + 1;
      if (this.#place !== 'dropped') yield octets.subarray(0, from);
      this.#isMiddle = false;
    }
    while (from < octets.length) {
      const end =
        this.#place === 'header' ? octets.indexOf(LF, from) + 1 : this.#bodyEnd(octets, from);
      const piece = octets.subarray(from, end);
      if (this.#place !== 'dropped' && piece.length > 0) yield piece;
      if (this.#place === 'header') this.#headerLine(piece);
      else if (end < octets.length) {
        const next = octets.indexOf(LF, end) + 1;
        yield octets.subarray(end, next);
        this.#enter(octets.toString('latin1', end, next));
        from = next;
        continue;
      }
      from = end;
    }
  }

  /** Where the next line of a boundary begins; the end of the octets where none does. */
  #bodyEnd(octets: Buffer, from: number): number {
    let at = octets[from] === DASH ? from : dashesAfter(octets, from);
    while (at !== -1) {
      const end = octets.indexOf(LF, at);
      if (this.#isBoundary(octets.toString('latin1', at, Math.min(end, at + 200)))) return at;
      at = dashesAfter(octets, at);
    }
    return octets.length;
  }

  #isBoundary(line: string): boolean {
    const text = line.trimEnd();
    return (
      text.startsWith('--') &&
      (this.#boundaries.has(text.slice(2)) ||
        this.#boundaries.has(text.slice(2).replace(/--$/, '')))
    );
  }

  /** Behind a boundary: another part, or what follows the last one. */
  #enter(line: string): void {
    const isPart = this.#boundaries.has(line.trimEnd().slice(2));
    this.#place = isPart ? 'header' : 'kept';
    this.#header = '';
  }

  #headerLine(line: Buffer): void {
    const text = line.toString('latin1');
    if (text.trimEnd() !== '' && this.#header.length < MAX_HELD_BYTES) {
      this.#header += text;
      return;
    }
    const header = this.#header.replace(/\r?\n(?=[ \t])/g, '');
    const type = /^content-type:\s*(.*)$/im.exec(header)?.[1]?.toLowerCase() ?? 'text/plain';
    const isAttached = /^content-disposition:\s*attachment/im.test(header);
    const boundary = /^content-type:.*;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;]+))/im.exec(header);
    const name = boundary?.[1] ?? boundary?.[2];
    const isMultipart = type.startsWith('multipart/') && name !== undefined;
    if (isMultipart) this.#boundaries.add(name);
    const isText = type.startsWith('text/') && !isAttached;
    this.#place = isMultipart || isText ? 'kept' : 'dropped';
  }
}

/** Where the next line that begins with dashes does; -1 where none does. */
function dashesAfter(octets: Buffer, from: number): number {
  const before = octets.indexOf('\n--', from);
  return before === -1 ? -1 : before + 1;
}
