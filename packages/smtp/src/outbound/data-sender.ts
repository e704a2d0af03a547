/**
 * Content with DATA: 354, stuffed lines, final dot.
 *
 * Where the peer offers PIPELINING, DATA leaves with the MAIL and RCPT commands that are
 * still unanswered. A small message stays here until it is finished and leaves in one
 * write with its final dot; a large one is streamed. A reply that comes before the final
 * dot is the peer's refusal of the rest: it is thrown by the next write, and the
 * connection is closed, because the peer would take all else we said for content.
 *
 * RFC 5321 §3.3, §4.1.1.4; RFC 2920 §3.1.
 */
import { isPositive } from '@posthouse/mail';
import type { Reply } from '@posthouse/mail';
import { Block } from './content-sender.ts';
import type { ContentSender, SenderDeps } from './content-sender.ts';
import { DotStuffer } from './dot-stuffer.ts';
import { messageRefusal, outOfStep } from './peer-reply.ts';

/** @param pipelining whether DATA may leave before the recipients were answered */
export class DataSender implements ContentSender {
  readonly #deps: SenderDeps;
  readonly #stuffer = new DotStuffer();
  readonly #block = new Block();
  readonly #goAhead: Promise<void>;
  #inContent = false;

  constructor(deps: SenderDeps, pipelining: boolean) {
    this.#deps = deps;
    this.#goAhead = this.#start(pipelining);
    this.#goAhead.catch(() => undefined); // told by the next write
  }

  get inContent(): boolean {
    return this.#inContent;
  }

  begun(): Promise<void> {
    return this.#goAhead.catch(() => undefined);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#block.push(this.#stuffer.push(chunk, this.#deps.isGiven));
    return this.#block.full ? this.#sendBlock() : undefined;
  }

  async end(): Promise<void> {
    this.#block.push(this.#stuffer.end());
    await this.#goAhead;
    await this.#deps.pipeline.drained();
  }

  finish(replies: number): readonly Promise<Reply>[] {
    const { pipeline, timeouts } = this.#deps;
    pipeline.onEarlyReply(undefined);
    this.#inContent = false;
    pipeline.write(this.#block.take(), timeouts.finalDotMs).catch(() => undefined); // the replies tell
    return Array.from({ length: replies }, () => pipeline.expect(timeouts.finalDotMs));
  }

  async #sendBlock(): Promise<void> {
    await this.#goAhead;
    const { pipeline, timeouts } = this.#deps;
    await pipeline.write(this.#block.take(), timeouts.blockMs);
  }

  async #start(pipelining: boolean): Promise<void> {
    const { pipeline, timeouts } = this.#deps;
    if (!pipelining && !this.#deps.answered) await this.#deps.recipientsAnswered();
    const reply = await pipeline.command('DATA', {
      waitMs: timeouts.dataMs,
      endsGroup: true,
      goAhead: true,
    });
    this.#inContent = isPositive(reply);
    if (this.#inContent) pipeline.onEarlyReply((early) => this.#refuseRest(early));
    // Refused recipients are told before a refused DATA: it only follows from them.
    if (!this.#deps.answered) await this.#deps.recipientsAnswered();
    if (!this.#inContent) throw messageRefusal(reply, pipeline.speaker);
  }

  #refuseRest(reply: Reply): void {
    const { pipeline } = this.#deps;
    const { speaker } = pipeline;
    pipeline.destroy(
      isPositive(reply) ? outOfStep(reply, speaker.host) : messageRefusal(reply, speaker),
    );
  }
}
