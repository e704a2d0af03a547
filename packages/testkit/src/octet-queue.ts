/**
 * What a socket receives, to be waited for: a line, a number of octets, mail data.
 *
 * Waiting rejects when the other side ends first.
 */
import type { Socket } from 'node:net';

/** Octets received and not yet taken. */
export class OctetQueue {
  #octets = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;
  #socket: Socket | undefined;
  readonly #onData = (chunk: Buffer): void => {
    this.#octets = Buffer.concat([this.#octets, chunk]);
    this.#wake?.();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
  };

  /** Reads from this socket from now on; what was held is dropped. */
  attach(socket: Socket): void {
    this.detach();
    this.#octets = Buffer.alloc(0);
    this.#socket = socket;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd);
  }

  /** Lets go of the socket, so that TLS can have it. */
  detach(): void {
    this.#socket?.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#socket = undefined;
  }

  get waiting(): string {
    return this.#octets.toString('latin1');
  }

  /** A line without its CRLF, as UTF-8. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#octets.indexOf('\r\n');
      if (at !== -1) return this.#take(at + 2).toString('utf8', 0, at);
      await this.#more();
    }
  }

  /** Mail data up to and with its final dot, stuffed as it came. */
  async mailData(): Promise<Buffer> {
    for (;;) {
      if (this.waiting.startsWith('.\r\n')) return this.#take(3);
      const at = this.#octets.indexOf('\r\n.\r\n');
      if (at !== -1) return this.#take(at + 5);
      await this.#more();
    }
  }

  async count(octets: number): Promise<Buffer> {
    while (this.#octets.length < octets) await this.#more();
    return this.#take(octets);
  }

  /** Resolves when the other side has ended; octets that come before stay. */
  async end(): Promise<void> {
    while (!this.#ended) await this.#change();
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error('the client ended the connection');
    await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(count: number): Buffer {
    const taken = this.#octets.subarray(0, count);
    this.#octets = this.#octets.subarray(count);
    return taken;
  }
}
