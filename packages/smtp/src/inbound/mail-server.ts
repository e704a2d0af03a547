/**
 * smtp-server with our connections: accepting, TLS contexts and connection limits.
 *
 * There is no certificate but the owner's, and no TLS below 1.2: the base class's built-in
 * certificate, whose key is public, is never loaded. Connections are counted before a TLS
 * handshake as well as after it.
 */
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { SMTPServer as BaseServer, SMTPServerOptions } from 'smtp-server';
import type { SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { ConnectionLimits } from './connection-limits.ts';
import { endWithClient } from './left-handshake.ts';
import type { TlsCertificate } from './listener-options.ts';
import { MailConnection } from './mail-connection.ts';
import type { ConnectionOwner } from './mail-connection.ts';
import type { SessionSurroundings } from './session.ts';
import { SMTPServer } from './smtp-server.ts';

/** The server under a listener. */
export class MailServer extends SMTPServer implements ConnectionOwner {
  readonly surroundings: SessionSurroundings;
  readonly #limits: ConnectionLimits;
  readonly #open = new Set<MailConnection>();
  readonly #emptied: (() => void)[] = [];
  /** Set when the listener stops. */
  stopping = false;

  constructor(surroundings: SessionSurroundings) {
    const { hostname, limits, protocol, tls } = surroundings.settings;
    super({
      logger: false,
      name: hostname, // else the system is asked for it at each connection
      lmtp: protocol === 'lmtp',
      secure: tls?.mode === 'implicit',
      // Only the TLS handshake of an accepted socket still uses this one.
      socketTimeout: limits.commandTimeoutMs,
      // A client may end its side and wait for our replies: Node would end ours with it.
      allowHalfOpen: true,
      ...(tls === undefined ? {} : { key: tls.key, cert: tls.cert }),
    });
    this.surroundings = surroundings;
    this.#limits = new ConnectionLimits(limits);
  }

  /** Connections that are there, greeted or not. */
  get openConnections(): ReadonlySet<MailConnection> {
    return this.#open;
  }

  /** Resolves when no connection is left. */
  emptied(): Promise<void> {
    return this.#open.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#emptied.push(resolve);
        });
  }

  /** Uses this certificate from the next handshake on. @throws where it cannot be used; then nothing changes */
  useCertificate({ key, cert }: TlsCertificate): void {
    this.updateSecureContext({ key, cert });
  }

  override connect(socket: Socket | TLSSocket, socketOptions?: SMTPConnectionOptions | null): void {
    try {
      const connection = new MailConnection(this, socket, socketOptions ?? {});
      this.connections.add(connection);
      this.#open.add(connection);
      connection.begin(this.#limits.enter(connection.peer.address));
    } catch (err) {
      const { logger } = this.surroundings;
      logger.error({ event: 'connection-failed', err }, 'a fault of ours ended a connection');
      socket.destroy();
    }
  }

  /** A connection is gone. */
  left(connection: MailConnection): void {
    if (!this.#open.delete(connection)) return;
    this.#limits.leave(connection.peer.address);
    if (this.#open.size === 0) for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** Called by the base constructor, before there is anything of ours. */
  override updateSecureContext(options?: SMTPServerOptions | null): void {
    const { key, cert } = { ...this.options, ...options };
    const contexts = new Map<string, SecureContext>();
    if (key !== undefined && cert !== undefined) {
      contexts.set(
        '*',
        createSecureContext({ key, cert, minVersion: 'TLSv1.2', honorCipherOrder: true }),
      );
    }
    this.secureContext = contexts;
  }

  /** Counts sockets whose TLS handshake is still to come; the others are counted in `connect`. */
  override _acceptSocket(socket: Socket, handshake: boolean): (() => void) | false {
    if (!handshake) return super._acceptSocket(socket, handshake);
    const address = socket.remoteAddress ?? 'local';
    const refused = this.#limits.enter(address) !== undefined;
    const release = refused ? false : super._acceptSocket(socket, handshake);
    if (release === false) {
      this.#limits.leave(address);
      socket.on('error', () => undefined); // it is being destroyed: nothing is left to say
      socket.destroy();
      return false;
    }
    return () => {
      this.#limits.leave(address);
      release();
    };
  }

  override _upgrade(...[socket, callback]: Parameters<BaseServer['_upgrade']>): void {
    super._upgrade(socket, callback);
    const handshake = this._pendingSockets.get(socket);
    if (handshake !== undefined) endWithClient(handshake);
  }

  override _onError(error: Error): void {
    this.surroundings.logger.debug(
      { event: 'connection-broken', reason: error.message },
      'a connection broke before it was greeted',
    );
  }
}
