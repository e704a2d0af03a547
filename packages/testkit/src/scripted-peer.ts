/**
 * A peer that plays dialogues (see `dialogue.ts`) on a real socket, one for each connection
 * in turn: for tests of clients.
 *
 * What a client says otherwise, a connection too many, and a connection that the client
 * leaves open are failures, told by `stop`: it waits until each connection was ended by the
 * client, so that a leak cannot pass.
 */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { matchesLine, parseDialogue } from './dialogue.ts';
import type { Step } from './dialogue.ts';
import { OctetQueue } from './octet-queue.ts';

export interface ScriptedPeerOptions {
  /** PEM; needed where a dialogue says `! tls`. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Listens on a unix socket instead of a port of its own. */
  readonly path?: string;
  /** How long `stop` waits for clients to end their connections before it calls that a leak. @default 3 s */
  readonly leakAfterMs?: number;
}

/** A peer that listens. */
export interface ScriptedPeer {
  readonly host: '127.0.0.1';
  /** 0 on a unix socket. */
  readonly port: number;
  /** How many connections have come. */
  readonly connections: number;
  /** Mail data as it came, stuffed and with its final dot, and chunks of BDAT. */
  readonly contents: readonly Buffer[];
  /** Resolves when a dialogue comes to `! mark NAME`, at once where it has. */
  reached(name: string): Promise<void>;
  /** Lets `! until NAME` go on. */
  release(name: string): void;
  /** Stops. @throws AggregateError what clients did against the dialogues, and connections they left open */
  stop(): Promise<void>;
}

const LEAK_AFTER_MS = 3000;

/** Starts a peer that plays these dialogues. */
export async function startScriptedPeer(
  dialogues: readonly string[],
  options: ScriptedPeerOptions = {},
): Promise<ScriptedPeer> {
  const stage = new Stage(dialogues.map(parseDialogue), options);
  await stage.listen(options.path);
  return stage;
}

class Stage implements ScriptedPeer {
  readonly host = '127.0.0.1';
  readonly #dialogues: readonly (readonly Step[])[];
  readonly #options: ScriptedPeerOptions;
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #playing = new Set<Promise<void>>();
  readonly #sockets = new Set<Socket>();
  readonly #failures: unknown[] = [];
  readonly #signals = new Map<string, PromiseWithResolvers<void>>();
  readonly contents: Buffer[] = [];
  connections = 0;

  constructor(dialogues: readonly (readonly Step[])[], options: ScriptedPeerOptions) {
    this.#dialogues = dialogues;
    this.#options = options;
  }

  get port(): number {
    const address = this.#server.address();
    return isAddressInfo(address) ? address.port : 0;
  }

  listen(path?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      if (path === undefined) this.#server.listen(0, this.host, resolve);
      else this.#server.listen(path, resolve);
    });
  }

  reached(name: string): Promise<void> {
    return this.#signal(`mark ${name}`).promise;
  }

  release(name: string): void {
    this.#signal(`until ${name}`).resolve();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const leak = setTimeout(() => {
      this.#failures.push(new Error(`clients left ${this.#sockets.size} connections open`));
      for (const socket of this.#sockets) socket.destroy();
    }, this.#options.leakAfterMs ?? LEAK_AFTER_MS);
    await Promise.all(this.#playing);
    await closed;
    clearTimeout(leak);
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, tell(this.#failures));
  }

  #accept(socket: Socket): void {
    const place = this.connections++;
    this.#sockets.add(socket);
    const playing = this.#play(socket, this.#dialogues[place])
      .catch((failure: unknown) => this.#failures.push(failure))
      .then(() => {
        socket.destroy();
        this.#sockets.delete(socket);
        this.#playing.delete(playing);
      });
    this.#playing.add(playing);
  }

  async #play(accepted: Socket, steps: readonly Step[] | undefined): Promise<void> {
    if (steps === undefined) throw new Error('a connection that no dialogue expects');
    const scene = new Scene(accepted, this.#options);
    for (const step of steps) {
      if (step.kind === 'mark') this.#signal(`mark ${step.name}`).resolve();
      else if (step.kind === 'until') await this.#signal(`until ${step.name}`).promise;
      else await scene.play(step, this.contents);
    }
    await scene.end();
  }

  #signal(name: string): PromiseWithResolvers<void> {
    const known = this.#signals.get(name) ?? Promise.withResolvers<void>();
    this.#signals.set(name, known);
    return known;
  }
}

/** One connection. */
class Scene {
  #socket: Socket;
  readonly #options: ScriptedPeerOptions;
  readonly #received = new OctetQueue();
  /** Whether the other side's end can still be seen. */
  #watching = true;

  constructor(socket: Socket, options: ScriptedPeerOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('error', () => undefined); // a client may reset
    this.#received.attach(socket);
  }

  async play(step: Exclude<Step, { kind: 'mark' | 'until' }>, contents: Buffer[]): Promise<void> {
    switch (step.kind) {
      case 'say':
        this.#socket.write(step.lines.map((line) => `${line}\r\n`).join(''));
        return;
      case 'expect':
        return this.#expect(step.line);
      case 'content':
        contents.push(await this.#received.mailData());
        return;
      case 'octets':
        contents.push(await this.#received.count(step.count));
        return;
      case 'alone':
        return this.#nothingMore();
      case 'tls':
        return this.#secure();
      case 'garbage':
        this.#socket.write('\u0016\u0003nonsense\u0000\r\n'.repeat(3));
        return;
      case 'drop':
        this.#socket.resetAndDestroy();
        this.#watching = false;
        return;
      case 'half-close':
        this.#socket.end();
        return;
      case 'stop-reading':
        this.#received.detach();
        this.#socket.pause();
        this.#watching = false;
        return;
    }
  }

  /** The client must end the connection, without another word. */
  async end(): Promise<void> {
    if (!this.#watching) return this.#closed();
    await this.#received.end();
    this.#nothingMore();
    this.#socket.end();
  }

  async #expect(line: string): Promise<void> {
    const said = await this.#received.line().catch((failure: Error) => {
      throw new Error(`expected ${JSON.stringify(line)}, but ${failure.message}`);
    });
    if (!matchesLine(line, said)) {
      throw new Error(`expected ${JSON.stringify(line)}, not ${JSON.stringify(said)}`);
    }
  }

  #nothingMore(): void {
    const { waiting } = this.#received;
    if (waiting !== '') throw new Error(`said too early: ${JSON.stringify(waiting.slice(0, 200))}`);
  }

  async #secure(): Promise<void> {
    const { tls } = this.#options;
    if (tls === undefined) throw new TypeError('this dialogue needs a certificate');
    this.#received.detach();
    const secure = new TLSSocket(this.#socket, { isServer: true, ...tls });
    secure.on('error', () => undefined);
    this.#socket = secure;
    this.#received.attach(secure);
    // A client that refuses the certificate only ends.
    await new Promise<void>((resolve) => {
      secure.once('secure', resolve).once('end', resolve).once('close', resolve);
    });
  }

  /** A socket that was not read says that the other side is gone only when it is read again. */
  async #closed(): Promise<void> {
    if (this.#socket.destroyed || this.#socket.readableEnded) return;
    await new Promise<unknown>((resolve) => {
      this.#socket.once('end', resolve).once('close', resolve).resume();
    });
  }
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

function tell(failures: readonly unknown[]): string {
  return failures
    .map((failure) => (failure instanceof Error ? failure.message : failure))
    .join('; ');
}
