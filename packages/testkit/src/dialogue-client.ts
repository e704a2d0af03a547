/**
 * A client that plays transcripts on a real socket: for tests of servers.
 *
 *     C: EHLO client.example.test        says this line (lines in a row leave in one write)
 *     S: 250-mx.example.test             expects this line; `*` stands for anything
 *     S+ 250                             expects a whole reply of that code, of any lines
 *     C< .\r\n                           says these octets and no more; escapes \r \n \t \0 \\
 *     ! end                              expects the server's end of the connection, and no word before it
 *
 * What the server says otherwise throws, with both lines. Waiting ends with the test's
 * own time limit.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { matchesLine } from './dialogue.ts';
import { OctetQueue } from './octet-queue.ts';

/** Whose certificate to believe, for which name. @default any certificate */
export interface DialogueTrust {
  /** Certificate authority, PEM. */
  readonly ca: string;
  readonly servername: string;
}

/** Where to connect to. */
export type DialogueAddress =
  | { readonly host: string; readonly port: number; readonly localAddress?: string }
  | { readonly path: string };

/** A connection to the server under test. */
export interface DialogueClient {
  /** The socket, for tests of what sockets do. */
  readonly socket: Socket;
  /** Plays a transcript. @throws Error where the server says otherwise */
  play(transcript: string): Promise<void>;
  /** Says octets as they are. */
  send(octets: string | Uint8Array): void;
  /** The next reply, its lines without CRLF. */
  reply(): Promise<readonly string[]>;
  /** Begins TLS. @throws what the handshake ended in */
  secure(trust?: DialogueTrust): Promise<TLSSocket>;
  /** Lets go of the connection without a word. */
  destroy(): void;
}

/** Connects. */
export async function connectDialogue(address: DialogueAddress): Promise<DialogueClient> {
  const socket = connect({ ...address });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return new Client(socket);
}

class Client implements DialogueClient {
  #socket: Socket;
  readonly #received = new OctetQueue();

  constructor(socket: Socket) {
    this.#socket = this.#use(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  async play(transcript: string): Promise<void> {
    let said = '';
    for (const raw of `${transcript}\n! done`.split('\n')) {
      const line = raw.trim();
      if (line === '') continue;
      if (line.startsWith('C: ')) said += `${line.slice(3)}\r\n`;
      else if (line.startsWith('C< ')) said += unescape(line.slice(3));
      else {
        if (said !== '') this.send(said);
        said = '';
        await this.#expect(line);
      }
    }
  }

  send(octets: string | Uint8Array): void {
    this.#socket.write(octets);
  }

  async reply(): Promise<readonly string[]> {
    const lines: string[] = [];
    do lines.push(await this.#received.line());
    while (lines.at(-1)?.[3] === '-');
    return lines;
  }

  async secure(trust?: DialogueTrust): Promise<TLSSocket> {
    this.#received.detach();
    const belief = trust ?? { rejectUnauthorized: false };
    const tls = connectTls({ socket: this.#socket, ...belief });
    await new Promise<void>((resolve, reject) => {
      tls.once('secureConnect', resolve);
      tls.once('error', reject);
      tls.once('close', () => reject(new Error('closed within the handshake')));
    });
    this.#socket = this.#use(tls);
    return tls;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #use<Kind extends Socket>(socket: Kind): Kind {
    socket.on('error', () => undefined); // a server may reset: what it said before counts
    this.#received.attach(socket);
    return socket;
  }

  async #expect(line: string): Promise<void> {
    if (line === '! done') return;
    if (line === '! end') return this.#expectEnd();
    const [, kind, text = ''] = /^S([:+]) (.*)$/.exec(line) ?? [];
    if (kind === ':') return expectMatch(text, await this.#received.line());
    if (kind !== '+') throw new TypeError(`no step of a transcript: ${line}`);
    for (const said of await this.reply()) expectMatch(`${text}*`, said);
  }

  async #expectEnd(): Promise<void> {
    await this.#received.end();
    const rest = this.#received.waiting;
    if (rest !== '') throw new Error(`expected the end, not ${JSON.stringify(rest)}`);
  }
}

function expectMatch(expected: string, said: string): void {
  if (matchesLine(expected, said)) return;
  throw new Error(`expected ${JSON.stringify(expected)}, not ${JSON.stringify(said)}`);
}

const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0' };

function unescape(text: string): string {
  return text.replace(/\\([rnt0\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}
