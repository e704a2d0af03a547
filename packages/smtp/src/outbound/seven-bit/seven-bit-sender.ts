/**
 * A sender for content of eight bits in front of one whose peer takes seven only.
 *
 * Where the message cannot be converted, writing throws: with what was sent already
 * only closing the connection gets us out, as with any content that is broken off.
 */
import type { Reply } from '@posthouse/mail';
import type { ContentSender } from '../content-sender.ts';
import { SevenBitConverter } from './seven-bit-converter.ts';

export class SevenBitSender implements ContentSender {
  readonly #sender: ContentSender;
  readonly #converter = new SevenBitConverter();

  constructor(sender: ContentSender) {
    this.#sender = sender;
  }

  get inContent(): boolean {
    return this.#sender.inContent;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#sender.write(this.#converter.push(chunk));
  }

  async end(): Promise<void> {
    await this.#sender.write(this.#converter.end());
    await this.#sender.end();
  }

  begun(): Promise<void> {
    return this.#sender.begun();
  }

  finish(replies: number): readonly Promise<Reply>[] {
    return this.#sender.finish(replies);
  }
}
