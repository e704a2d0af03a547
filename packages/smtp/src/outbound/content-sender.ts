/**
 * How a transaction sends its content: with DATA or with BDAT, behind one shape.
 *
 * `write` and `end` are what the seam's ContentWriter does. `finish` sends what is left together
 * with the mark that ends the message: from then on the peer may have it. A sender never
 * ends a message by itself.
 */
import type { Reply } from '@posthouse/mail';
import type { CommandPipeline } from './command-pipeline.ts';
import type { OutboundTimeouts } from './timeouts.ts';

/** Content on its way to a peer. */
export interface ContentSender {
  /**
   * Takes a chunk. @returns what the next one must wait for, if there is anything
   * @throws MailError the peer refuses the content, or is gone
   */
  write(chunk: Uint8Array): Promise<void> | undefined;
  /** @throws as `write` */
  end(): Promise<void>;
  /** Ends the message and waits for `replies` answers to it. Called once, after `end`. */
  finish(replies: number): readonly Promise<Reply>[];
  /** Resolves when the peer has answered what was said before the content. Never rejects. */
  begun(): Promise<void>;
  /** Whether the peer takes all that comes for content now, so that only closing gets us out. */
  readonly inContent: boolean;
}

/** What a sender needs of its transaction. */
export interface SenderDeps {
  readonly pipeline: CommandPipeline;
  readonly timeouts: OutboundTimeouts;
  /** Resolves when every recipient was answered and one was accepted. @throws what refused them */
  recipientsAnswered(): Promise<void>;
  /** Whether that is so already. */
  readonly answered: boolean;
  /** Whether the content may leave before it is so: behind MAIL and a RCPT, of which none is refused yet. */
  readonly runsAhead: boolean;
  /** Whether chunks are given away and never change any more, so that no copy is needed. */
  readonly isGiven: boolean;
}

/** An octet sequence of any kind as a Buffer: the same memory, or where it is only lent a copy. */
export function ownBuffer(chunk: Uint8Array, isGiven: boolean): Buffer {
  if (!isGiven) return Buffer.from(chunk);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Octets gathered before they are sent: large enough for few writes, small enough for many sessions. */
const BLOCK_BYTES = 65_536;

/** Gathers pieces into blocks. */
export class Block {
  #pieces: Buffer[] = [];
  #bytes = 0;

  get full(): boolean {
    return this.#bytes >= BLOCK_BYTES;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What was gathered; the block is empty then. */
  takePieces(): readonly Buffer[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  /** What was gathered, as one; the block is empty then. */
  take(): Buffer {
    const pieces = this.takePieces();
    const [first] = pieces;
    return first !== undefined && pieces.length === 1 ? first : Buffer.concat(pieces);
  }
}
