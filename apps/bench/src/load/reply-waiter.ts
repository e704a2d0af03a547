/**
 * Reads SMTP replies one at a time, in the order of the commands (RFC 5321 §4.2).
 *
 * There is never more than one command without a reply, as with most simple clients, so
 * every subject is measured by the same, plain dialogue.
 */
import type { Socket } from 'node:net';

/** Waits for the next reply of one socket. */
export class ReplyWaiter {
  #text = '';
  #wanted: { resolve(reply: string): void; reject(error: Error): void } | undefined;
  #ended: Error | undefined;

  constructor(socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the server closed the connection')));
  }

  /** @throws Error when the connection ends first */
  next(): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      this.#wanted = { resolve, reject };
      this.#take('');
    });
  }

  #take(chunk: string): void {
    this.#text += chunk;
    if (this.#wanted === undefined || !this.#text.endsWith('\r\n')) return;
    const last = this.#text.lastIndexOf('\n', this.#text.length - 2) + 1;
    if (this.#text[last + 3] === '-') return;
    const reply = this.#text;
    const wanted = this.#wanted;
    this.#text = '';
    this.#wanted = undefined;
    wanted.resolve(reply);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#wanted?.reject(error);
    this.#wanted = undefined;
  }
}
