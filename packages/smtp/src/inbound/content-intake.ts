/**
 * Mail data on the wire: dots after DATA, counted octets after BDAT, and octets of a
 * refused BDAT that are only counted.
 *
 * Each hands what it decodes to the message's flow, and tells when its end has come or
 * the client has gone too far. The octets behind the end are left to the next command.
 *
 * RFC 5321 §4.1.1.4; RFC 3030 §2.
 */
import { giveBackMemory, refuse } from '@posthouse/mail';
import type { ContentDecoder } from './content-decoder.ts';
import type { ContentFlow } from './content-flow.ts';
import type { Intake } from './intake.ts';

/** What happens at the end of the data. None of them rejects. */
export interface ContentEnd {
  /** All of it came. */
  ended(): Promise<void>;
  /** The message is refused, and more of it came than is thrown away. */
  cutOff(): void;
}

/** A message's decoder and flow. */
export interface Content {
  readonly decoder: ContentDecoder;
  readonly flow: ContentFlow;
  /** Whether a bare line ending is a reason to refuse. */
  readonly refuseBare: boolean;
}

/** Takes decoded content to its flow; bare line endings end in a refusal. */
export function passOn(
  content: Content,
  decoded: Buffer,
  wireOctets: number,
): Promise<void> | undefined {
  if (content.refuseBare && content.decoder.sawBareLineEnding) {
    content.flow.refuse(refuse('bare-line-ending'));
  }
  return content.flow.take(decoded, wireOctets);
}

/**
 * Gives a chunk back that was taken to its end: what is kept of it was copied. Not where the flow
 * has broken off, perhaps in the middle of a write.
 */
function giveBack({ flow }: Content, chunk: Buffer, end: number): void {
  const isAlone = chunk.byteLength === chunk.buffer.byteLength;
  if (isAlone && end === chunk.length && flow.refusal === undefined) giveBackMemory(chunk);
}

/** Mail data after DATA. */
export class DataIntake implements Intake {
  readonly #content: Content;
  readonly #end: ContentEnd;

  constructor(content: Content, end: ContentEnd) {
    this.#content = content;
    this.#end = end;
  }

  take(chunk: Buffer, at: number): number | Promise<number> {
    const { content, consumed, ended } = this.#content.decoder.decode(chunk, at);
    const written = passOn(this.#content, content, consumed);
    if (ended) return this.#finish(written, consumed);
    if (this.#content.flow.overrun) {
      this.#end.cutOff();
      return consumed;
    }
    if (written === undefined) return consumed;
    return written.then(() => {
      giveBack(this.#content, chunk, at + consumed);
      return consumed;
    });
  }

  async #finish(written: Promise<void> | undefined, consumed: number): Promise<number> {
    await written;
    await this.#end.ended();
    return consumed;
  }
}

/** The octets of one BDAT. */
export class ChunkIntake implements Intake {
  readonly #content: Content | undefined;
  readonly #ended: () => Promise<void>;
  #remaining: number;

  /** @param content absent: the octets are only counted */
  constructor(octets: number, content: Content | undefined, ended: () => Promise<void>) {
    this.#remaining = octets;
    this.#content = content;
    this.#ended = ended;
  }

  async take(chunk: Buffer, at: number): Promise<number> {
    const count = Math.min(this.#remaining, chunk.length - at);
    this.#remaining -= count;
    if (this.#content !== undefined) {
      const { content } = this.#content.decoder.decode(chunk.subarray(at, at + count));
      await passOn(this.#content, content, count);
      giveBack(this.#content, chunk, at + count);
    }
    if (this.#remaining === 0) await this.#ended();
    return count;
  }
}
