/**
 * The listener: takes mail over SMTP or LMTP and drives any MailReceiver with it.
 *
 * A positive reply after the mail data is said only once `commit` has resolved. It offers
 * only what the receiver keeps, writes one Received field, and refuses bare line endings,
 * too much, too many and too slow (see `ListenerLimits`). `stop` tells idle clients 421 at
 * once, lets open transactions finish for `drainMs`, then ends the rest.
 */
import { connect } from 'node:net';
import { unlink } from 'node:fs/promises';
import type { Clock, Logger, MailReceiver, Startable } from '@posthouse/mail';
import { resolveListenerOptions } from './listener-options.ts';
import type {
  ListenAddress,
  ListenerOptions,
  ListenerSettings,
  TlsCertificate,
} from './listener-options.ts';
import { MailServer } from './mail-server.ts';
import type { SessionPolicy } from './session-policy.ts';

/** What a listener works with. */
export interface ListenerDeps {
  /** Where messages go. An SMTP listener needs an `all-or-nothing` one. */
  readonly receiver: MailReceiver;
  /** Absent: everything passes that the receiver takes. */
  readonly policy?: SessionPolicy | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A running listener. */
export interface Listener extends Startable {
  /** Where it listens, with the port that it got. @throws Error before `start` */
  readonly address: ListenAddress;
  /** Connections open now. */
  readonly connections: number;
  /**
   * Uses another certificate from the next handshake on; sessions go on.
   * @throws Error where key and certificate cannot be used, or TLS is off; then nothing changes
   */
  reloadTls(certificate: TlsCertificate): void;
}

/**
 * Makes a listener; nothing is opened before `start`.
 *
 * @example
 * const listener = createListener(
 *   { protocol: 'smtp', listen: { host: '127.0.0.1', port: 2525 }, hostname },
 *   { receiver, logger: silentLogger, clock: systemClock },
 * );
 * await listener.start();
 *
 * @throws TypeError, RangeError options that make no sense, alone or with the receiver
 */
export function createListener(options: ListenerOptions, deps: ListenerDeps): Listener {
  const policy = deps.policy ?? {};
  const settings = resolveListenerOptions(options, deps.receiver, policy);
  return new SmtpListener(settings, deps, policy);
}

class SmtpListener implements Listener {
  readonly #settings: ListenerSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #server: MailServer;
  #address: ListenAddress | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: ListenerSettings, deps: ListenerDeps, policy: SessionPolicy) {
    const { clock, logger, receiver } = deps;
    this.#settings = settings;
    this.#clock = clock;
    this.#logger = logger;
    this.#server = new MailServer({ settings, receiver, policy, clock, logger });
  }

  get address(): ListenAddress {
    if (this.#address === undefined) throw new Error('the listener has not started');
    return this.#address;
  }

  get connections(): number {
    return this.#server.openConnections.size;
  }

  reloadTls(certificate: TlsCertificate): void {
    if (this.#settings.tls === undefined) throw new Error('the listener has no TLS');
    this.#server.useCertificate(certificate);
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) throw new Error('the listener has stopped');
    this.#starting ??= this.#listen();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #listen(): Promise<void> {
    const { listen, protocol } = this.#settings;
    try {
      await this.#bind(listen);
    } catch (error) {
      if (!('path' in listen) || !(await isStale(listen.path, error))) throw error;
      await unlink(listen.path);
      await this.#bind(listen);
    }
    this.#address = this.#boundAddress();
    this.#logger.info({ event: 'listening', protocol, ...this.#address }, 'listening');
  }

  #bind(listen: ListenAddress): Promise<void> {
    const { server } = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...listen }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
  }

  #boundAddress(): ListenAddress {
    const bound = this.#server.server.address();
    return bound === null || typeof bound === 'string'
      ? this.#settings.listen
      : { host: bound.address, port: bound.port };
  }

  async #end(): Promise<void> {
    if (this.#address === undefined) await this.#starting?.catch(() => undefined);
    if (this.#address === undefined) return;
    const server = this.#server;
    server.stopping = true;
    const closed = new Promise<void>((resolve) => server.server.close(() => resolve()));
    for (const socket of server._pendingSockets.values()) socket.destroy();
    for (const connection of server.openConnections) connection.mailSession.drain();
    const timer = this.#clock.after(this.#settings.drainMs, () => {
      for (const connection of server.openConnections) {
        connection.mailSession.shutDown();
        connection.endSoon();
      }
    });
    await server.emptied();
    timer.cancel();
    await closed;
  }
}

/** Whether nobody listens at the path: what is there is left over from a process that died. */
function isStale(path: string, error: unknown): Promise<boolean> {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  if (!inUse) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (refused: NodeJS.ErrnoException) => {
      resolve(refused.code === 'ECONNREFUSED');
    });
  });
}
