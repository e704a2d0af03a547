/**
 * The way of a message's content into its stage: counted, limited, with backpressure.
 *
 * The first thing that speaks against the message (too large, bare line endings, storage
 * full) is kept as its refusal and aborts the transaction; what still comes is thrown
 * away, up to a limit beyond which the connection is cut off. Nothing here throws.
 *
 * RFC 5321 §2.3.8, RFC 1870 §6.3 (a message that is larger than was declared).
 */
import { asMailError, tooLarge } from '@posthouse/mail';
import type { ContentWriter, MailError } from '@posthouse/mail';

/** How much beyond the largest message is thrown away before the connection is cut off. */
export const MAX_OVERRUN_OCTETS = 262_144;

/** Where content goes. */
export interface ContentTarget {
  readonly writer: ContentWriter;
  readonly maxBytes: number;
  /** Called once, when the message will not be taken. */
  abort(): void;
}

/** Content of one message. */
export class ContentFlow {
  readonly #target: ContentTarget;
  #sizeBytes = 0;
  #wireOctets = 0;
  #refusal: MailError | undefined;

  constructor(target: ContentTarget) {
    this.#target = target;
  }

  /** Octets of content so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Why the message will not be taken. */
  get refusal(): MailError | undefined {
    return this.#refusal;
  }

  /** Whether it is refused, and too much of it came already. */
  get overrun(): boolean {
    return this.#refusal !== undefined && !this.mayTake(0);
  }

  /** Whether so many octets more can come, even if only to be thrown away. */
  mayTake(octets: number): boolean {
    return this.#wireOctets + octets <= this.#target.maxBytes + MAX_OVERRUN_OCTETS;
  }

  /**
   * Takes content, and how many octets of the wire it was. Resolves when more may come.
   */
  take(content: Buffer, wireOctets: number): Promise<void> | undefined {
    this.#wireOctets += wireOctets;
    if (this.#refusal !== undefined || content.length === 0) return undefined;
    this.#sizeBytes += content.length;
    if (this.#sizeBytes > this.#target.maxBytes) {
      this.refuse(tooLarge(this.#target.maxBytes));
      return undefined;
    }
    return this.#try(() => this.#target.writer.write(content));
  }

  /** The content is complete. */
  async end(): Promise<void> {
    if (this.#refusal === undefined) await this.#try(() => this.#target.writer.end());
  }

  /** The message will not be taken. The first reason is the one that is told. */
  refuse(error: MailError): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    this.#target.abort();
  }

  async #try(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      this.refuse(asMailError(thrown));
    }
  }
}
