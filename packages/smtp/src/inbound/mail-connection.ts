/**
 * A connection of smtp-server with our session in it.
 *
 * What is left to the base class is the socket: its piping, the change to TLS under a
 * running session (with the plaintext behind STARTTLS thrown away), and closing in a way
 * that lets the last reply arrive. Its command handlers, its timers, its greeting and its
 * replies are never reached: octets go from the stream to the session.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { MailError, Peer, TlsFacts } from '@posthouse/mail';
import type { SMTPServer } from 'smtp-server';
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { InputStream } from './input-stream.ts';
import { endWithClient } from './left-handshake.ts';
import { Session } from './session.ts';
import type { SessionSurroundings, Wire } from './session.ts';
import { SMTPConnection } from './smtp-server.ts';

/** What a connection asks of its server. */
export interface ConnectionOwner extends SMTPServer {
  readonly surroundings: SessionSurroundings;
  /** Whether connections end without waiting for the client's end. */
  readonly stopping: boolean;
  left(connection: MailConnection): void;
}

/** One connection. */
export class MailConnection extends SMTPConnection implements Wire {
  readonly mailSession: Session;
  readonly peer: Peer;
  readonly #owner: ConnectionOwner;
  #gone = false;

  constructor(server: ConnectionOwner, socket: Socket | TLSSocket, options: SMTPConnectionOptions) {
    super(server, socket, options);
    this.#owner = server;
    this.peer = peerOf(this.remoteAddress, this.remotePort);
    const tls = socket instanceof TLSSocket ? tlsFactsOf(socket) : undefined;
    const facts = { id: this.id, peer: this.peer, ...(tls === undefined ? {} : { tls }) };
    this.mailSession = new Session(server.surroundings, facts, this);
  }

  /** Greets, or turns away. The base class would wait 100 ms and look up a name first. */
  begin(refusal: MailError | undefined): void {
    this._setListeners(() => this.mailSession.open(refusal));
  }

  write(text: string): void {
    const socket = this._socket;
    // Within the handshake the socket under TLS must not be written to.
    if (!this._upgrading && socket.writable) socket.write(text);
  }

  drained(): Promise<void> | undefined {
    const socket = this._socket;
    if (!socket.writableNeedDrain || socket.destroyed) return undefined;
    return new Promise((resolve) => {
      socket.once('drain', () => resolve());
      socket.once('close', () => resolve()); // which tells whether there was an error: not ours to pass on
    });
  }

  startTls(): void {
    if (this._socket.writableLength > 0) {
      // A client that has not read what came before is not waiting for a handshake.
      this._socket.destroy();
      return;
    }
    this.upgrade(nothing, () => {
      if (this._socket instanceof TLSSocket) this.mailSession.secured(tlsFactsOf(this._socket));
    });
  }

  override close(): void {
    // Within the handshake nothing can be said, and the end of our side would stay unheard.
    if (this._upgrading) this._socket.destroy();
    super.close();
    if (this.#owner.stopping) this.endSoon();
  }

  /** Ends as soon as what was written is sent, without waiting for the client's end. */
  endSoon(): void {
    this._socket.destroySoon();
  }

  override _createParser(): InputStream {
    return new InputStream(() => this.mailSession);
  }

  /** Deadlines are the session's, on its clock. A socket is given where a handshake begins. */
  override _armTimeout(handshake?: Socket): void {
    if (handshake !== undefined) endWithClient(handshake);
  }

  override _onError(error: Error): void {
    this.mailSession.log.broken(error);
    this._socket.destroy();
  }

  override _onClose(): void {
    super._onClose();
    if (this.#gone) return;
    this.#gone = true;
    this.mailSession.gone();
    this.#owner.left(this);
  }
}

/** A unix socket has no address: its client is on this host. */
function peerOf(address: string, port: number): Peer {
  return address === '' ? { address: 'local' } : { address, port };
}

function tlsFactsOf(socket: TLSSocket): TlsFacts {
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    verified: socket.authorized,
  };
}

function nothing(): void {
  // the stream that held STARTTLS is closed: nothing goes on behind it
}
