/**
 * Content with BDAT: chunks of a known length, nothing stuffed, no 354 to wait for.
 *
 * A small message is one `BDAT n LAST` in one write, which may be that of MAIL and RCPT, before
 * they were answered: a peer that refuses these refuses the chunk as well, and takes its octets
 * off the wire all the same. Of a large one the next chunk leaves
 * when the one before was answered; a refused chunk ends the sending, and RSET can still
 * take the transaction back. The content must have canonical CRLF here as well: what one
 * peer takes whole, the next host after it may send on with DATA.
 *
 * RFC 3030 §2, §4.2.
 */
import { isPositive } from '@posthouse/mail';
import type { Reply } from '@posthouse/mail';
import { Block, ownBuffer } from './content-sender.ts';
import type { ContentSender, SenderDeps } from './content-sender.ts';
import { LineScanner } from './line-scanner.ts';
import { messageRefusal } from './peer-reply.ts';

const LINE_END = Buffer.from('\r\n');

export class BdatSender implements ContentSender {
  readonly inContent = false;
  readonly #deps: SenderDeps;
  readonly #lines = new LineScanner();
  readonly #block = new Block();
  #chunk: Promise<Reply> | undefined;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  async begun(): Promise<void> {
    // Nothing is said before the first chunk.
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const own = ownBuffer(chunk, this.#deps.isGiven);
    this.#lines.scan(own);
    this.#block.push(own);
    return this.#block.full ? this.#sendBlock() : undefined;
  }

  async end(): Promise<void> {
    this.#lines.end();
    if (!this.#lines.atLineStart) this.#block.push(LINE_END);
    const isWhole = this.#chunk === undefined;
    if (!isWhole || !this.#deps.runsAhead) await this.#chunkAnswered();
  }

  finish(replies: number): readonly Promise<Reply>[] {
    const { pipeline, timeouts } = this.#deps;
    const { bytes } = this.#block;
    const octets = this.#block.takePieces();
    const waitMs = timeouts.finalDotMs;
    const first = pipeline.command(`BDAT ${bytes} LAST`, { waitMs, octets });
    return [first, ...Array.from({ length: replies - 1 }, () => pipeline.expect(waitMs))];
  }

  async #sendBlock(): Promise<void> {
    await this.#chunkAnswered();
    const { pipeline, timeouts } = this.#deps;
    const { bytes } = this.#block;
    const octets = this.#block.takePieces();
    this.#chunk = pipeline.command(`BDAT ${bytes}`, { waitMs: timeouts.blockMs, octets });
    this.#chunk.catch(() => undefined); // told by the next write
  }

  async #chunkAnswered(): Promise<void> {
    const { pipeline } = this.#deps;
    if (!this.#deps.answered) await this.#deps.recipientsAnswered();
    const reply = await this.#chunk;
    this.#chunk = undefined;
    if (pipeline.end !== undefined) throw pipeline.end;
    if (reply !== undefined && !isPositive(reply)) throw messageRefusal(reply, pipeline.speaker);
  }
}
