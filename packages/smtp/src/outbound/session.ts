/**
 * A session with a peer, ready to carry transactions, one after the other.
 *
 * It is `usable` while the connection stands, nothing is under way and the peer takes
 * another message. It never repairs itself: what broke stays broken, and whoever owns it
 * opens another one.
 *
 * RFC 5321 §3.3, §3.8; RFC 9422 (MAILMAX).
 */
import type { Socket } from 'node:net';
import { refuse } from '@posthouse/mail';
import type {
  Clock,
  Logger,
  MailParams,
  RemoteHost,
  ReversePath,
  TlsFacts,
  TransferContext,
} from '@posthouse/mail';
import { certificateOf } from './certificate-facts.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { CommandPipeline } from './command-pipeline.ts';
import type { ConnectTarget } from './connect-target.ts';
import type { SessionFacts } from './envelope-command.ts';
import type { Established } from './handshake.ts';
import type { PeerOffers } from './offers.ts';
import type { OutboundTimeouts } from './timeouts.ts';
import type { OnLine } from './transcript.ts';
import { ClientTransaction } from './transaction.ts';
import type { WireTransaction } from './transaction.ts';

/** How long ago a peer may have been heard so that content leaves together with MAIL. */
const HEARD_LATELY_MS = 5_000;

/** An open session. */
export interface ClientSession {
  readonly peer: RemoteHost;
  /** Absent in the clear. */
  readonly tls?: TlsFacts;
  readonly offers: PeerOffers;
  /** Whether `begin` may be called. */
  readonly usable: boolean;
  /** How many transactions were begun: above zero it is a reused connection. */
  readonly transactions: number;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  /** The peer's certificate, while the connection stands; absent in the clear. */
  certificate(): CertificateFacts | undefined;
  /**
   * Begins the next transaction; its commands leave with whatever else is said in this turn.
   * Where the connection is gone, `opened` says so.
   * @throws Error another transaction is under way, or no more are to be begun
   */
  begin(
    reversePath: ReversePath,
    params: MailParams,
    context: TransferContext,
    signal?: AbortSignal,
  ): WireTransaction;
  /** Has content wait for the answers to MAIL and RCPT, whenever the connection is used again. */
  keepContentBack(): void;
  /** Takes leave and closes. Never throws; in the middle of a transaction it is `destroy`. */
  quit(): Promise<void>;
  /** Closes at once. Idempotent. */
  destroy(): void;
}

export interface SessionOptions {
  readonly target: ConnectTarget;
  readonly timeouts: OutboundTimeouts;
  readonly onLine?: OnLine | undefined;
}

/** A session on a connection whose handshake is done. */
export function createClientSession(
  established: Established,
  options: SessionOptions,
  deps: { readonly clock: Clock; readonly logger: Logger },
): ClientSession {
  return new Session(established, options, deps);
}

class Session implements ClientSession {
  readonly peer: RemoteHost;
  readonly tls?: TlsFacts;
  readonly offers: PeerOffers;
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #pipeline: CommandPipeline;
  readonly #facts: SessionFacts;
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  #transactions = 0;
  #busy = false;
  #leaving = false;
  /** When the peer was known to be there. */
  #heardAt: number;
  #keepsContentBack = false;

  constructor(
    { socket, host, offers, tls, authenticated }: Established,
    options: SessionOptions,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#socket = socket;
    this.peer = host;
    this.offers = offers;
    if (tls !== undefined) this.tls = tls;
    this.#options = options;
    this.#clock = clock;
    this.#heardAt = clock.now();
    this.#facts = {
      host,
      offers,
      ...(tls === undefined ? {} : { tls }),
      authenticated,
      shareContext: options.target.shareContext ?? false,
    };
    const { pipelining } = offers;
    const { onLine } = options;
    this.#pipeline = new CommandPipeline(socket, { host, tls, pipelining, onLine }, clock);
    this.closed = this.#pipeline.closed.then((reason) => {
      logger.debug(
        {
          event: 'session-closed',
          host: host.name,
          transactions: this.#transactions,
          reason: reason.reply.lines.join(' '),
        },
        'Connection to the next host closed',
      );
    });
  }

  certificate(): CertificateFacts | undefined {
    return certificateOf(this.#socket);
  }

  get usable(): boolean {
    return this.#pipeline.end === undefined && this.#mayBegin;
  }

  get #mayBegin(): boolean {
    const { mailMax } = this.offers.limits;
    const used = mailMax !== undefined && this.#transactions >= mailMax;
    return !this.#busy && !this.#leaving && !used;
  }

  get transactions(): number {
    return this.#transactions;
  }

  begin(
    reversePath: ReversePath,
    params: MailParams,
    context: TransferContext,
    signal?: AbortSignal,
  ): WireTransaction {
    if (!this.#mayBegin) throw new Error('the session cannot begin a transaction');
    const runsAhead = this.#mayRunAhead;
    this.#busy = true;
    this.#transactions++;
    const { target, timeouts } = this.#options;
    return new ClientTransaction(
      { reversePath, params, context },
      {
        pipeline: this.#pipeline,
        facts: this.#facts,
        protocol: target.protocol,
        chunking: target.chunking ?? true,
        runsAhead,
        timeouts,
        clock: this.#clock,
        onEnd: () => {
          this.#busy = false;
          this.#heardAt = this.#clock.now();
        },
      },
      signal,
    );
  }

  /**
   * Whether content may leave with MAIL. What is lost then is in doubt, so there must be little
   * reason to think of a loss: a connection that has just been heard of. Our own agents know a
   * repeat and are near, and LMTP answers for each recipient taken: they are not hurried.
   */
  get #mayRunAhead(): boolean {
    const { protocol, shareContext } = this.#options.target;
    if (protocol === 'lmtp' || shareContext === true || !this.offers.pipelining) return false;
    if (this.#keepsContentBack && this.#transactions > 0) return false;
    return this.#clock.now() - this.#heardAt <= HEARD_LATELY_MS;
  }

  keepContentBack(): void {
    this.#keepsContentBack = true;
  }

  async quit(): Promise<void> {
    if (this.#pipeline.end !== undefined) return;
    if (this.#busy) return this.destroy();
    this.#leaving = true;
    const { partingMs } = this.#options.timeouts;
    await this.#pipeline
      .command('QUIT', { waitMs: partingMs, endsGroup: true })
      .catch(() => undefined);
    this.destroy();
  }

  destroy(): void {
    this.#pipeline.destroy(
      refuse('next-hop-lost', { text: 'We closed the connection', host: this.peer }),
    );
  }
}
