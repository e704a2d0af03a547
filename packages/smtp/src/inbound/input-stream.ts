/**
 * The parser of smtp-server, emptied: what it does with octets is decided by our session.
 *
 * Backpressure is that of the stream: while an intake's promise is open, nothing more is
 * read from the socket. A chunk full of commands gives way to other connections every
 * hundred steps. What the client leaves unfinished when it goes is dropped, never run as
 * a command. A bug behind it ends this session and no other.
 */
import type { StreamConsumer } from './intake.ts';
import { SMTPStream } from './smtp-server.ts';

const STEPS_AT_A_TIME = 100;

/** Where the socket is piped into. */
export class InputStream extends SMTPStream {
  readonly #consumer: () => StreamConsumer;

  /** @param consumer asked for with each chunk, because the base class makes streams before there is a session */
  constructor(consumer: () => StreamConsumer) {
    super();
    this.#consumer = consumer;
  }

  override _write(chunk: Buffer, _encoding: string, proceed: () => void): void {
    if (this.isClosed || chunk.length === 0) return proceed();
    const consumer = this.#consumer();
    consumer.arrived(chunk.length);
    this.#run({ consumer, chunk, proceed }, 0);
  }

  /** The client's end. The base class would run an unfinished line as a command. */
  override _flushData(): void {
    if (!this.isClosed) this.#consumer().ended();
  }

  #run(reading: Reading, start: number): void {
    try {
      this.#step(reading, start);
    } catch (thrown) {
      this.#fail(reading, thrown);
    }
  }

  #step(reading: Reading, start: number): void {
    const { chunk, consumer, proceed } = reading;
    let at = start;
    for (let steps = 0; at < chunk.length; steps++) {
      if (this.isClosed) return proceed();
      if (steps === STEPS_AT_A_TIME) {
        setImmediate(() => this.#run(reading, at));
        return;
      }
      const taken = consumer.take(chunk, at);
      if (typeof taken !== 'number') {
        taken.then(
          (count) => this.#run(reading, at + count),
          (thrown: unknown) => this.#fail(reading, thrown),
        );
        return;
      }
      at += taken;
    }
    if (this.isClosed) return proceed();
    const held = consumer.settled();
    if (held === undefined) return proceed();
    // Called with nothing whatever it resolves with: an argument would be an error of the stream.
    held.then(
      () => proceed(),
      (thrown: unknown) => this.#fail(reading, thrown),
    );
  }

  #fail({ consumer, proceed }: Reading, thrown: unknown): void {
    this.isClosed = true;
    consumer.failed(thrown);
    proceed();
  }
}

/** A chunk on its way. */
interface Reading {
  readonly consumer: StreamConsumer;
  readonly chunk: Buffer;
  readonly proceed: () => void;
}
