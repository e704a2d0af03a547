/**
 * The sessions of a next hop: with its host, or with the first of several that can be
 * reached, and what the last EHLO of any offered.
 *
 * A host that could not be reached is tried after the others for a while. Where a connection was
 * lost with content that had left ahead of the answers, content waits for them ever after.
 */
import { asMailError, refuse } from '@posthouse/mail';
import type { Clock, MailError, ReceiverCapabilities, Startable } from '@posthouse/mail';
import type { ConnectTarget } from './connect-target.ts';
import type { ClientSession } from './session.ts';
import type { SessionPool } from './session-pool.ts';

const REST_MS = 30_000;

/** Sessions with whichever of the targets can be reached. */
export class HopSessions implements Startable {
  readonly #targets: readonly ConnectTarget[];
  readonly #pool: SessionPool;
  readonly #clock: Clock;
  /** Until when a target counts as out of reach. */
  readonly #restUntil = new Map<ConnectTarget, number>();
  #capabilities: ReceiverCapabilities;
  #contentWaits = false;

  constructor(targets: readonly ConnectTarget[], pool: SessionPool, clock: Clock) {
    this.#targets = targets;
    this.#pool = pool;
    this.#clock = clock;
    const verifies = targets.some(
      ({ tls }) =>
        (tls.verify || tls.identity !== undefined) &&
        tls.mode !== 'opportunistic' &&
        tls.mode !== 'off',
    );
    this.#capabilities = { dsn: true, smtpUtf8: true, eightBitMime: true, requireTls: verifies };
  }

  get capabilities(): ReceiverCapabilities {
    return this.#capabilities;
  }

  start(): Promise<void> {
    return this.#pool.start();
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }

  /** A session that rests, with the most preferred target that is in reach. */
  takeIdle(): ClientSession | undefined {
    const [target] = this.#inOrder();
    return target === undefined ? undefined : this.#prepared(this.#pool.takeIdle(target));
  }

  /** Has content wait from now on until a connection that is used again has answered MAIL and RCPT. */
  keepContentBack(): void {
    this.#contentWaits = true;
  }

  /**
   * A session with the first target that can be reached.
   * @param fresh asks for a connection that was never used
   * @throws MailError what the last target said, or the signal
   */
  async acquire(signal: AbortSignal, fresh: boolean): Promise<ClientSession> {
    let failure: MailError | undefined;
    for (const target of this.#inOrder()) {
      try {
        const session = await this.#pool.acquire(target, signal, fresh);
        this.#restUntil.delete(target);
        if (session.transactions === 0) this.#capabilities = capabilitiesOf(session);
        return this.#prepared(session);
      } catch (error) {
        failure = asMailError(error);
        if (signal.aborted || !failure.code.startsWith('next-hop-')) throw failure;
        this.#restUntil.set(target, this.#clock.now() + REST_MS);
      }
    }
    throw failure ?? refuse('next-hop-unreachable', { scope: 'host' });
  }

  release(session: ClientSession): void {
    this.#pool.release(session);
  }

  #prepared<Found extends ClientSession | undefined>(session: Found): Found {
    if (this.#contentWaits) session?.keepContentBack();
    return session;
  }

  #inOrder(): readonly ConnectTarget[] {
    if (this.#restUntil.size === 0) return this.#targets;
    const now = this.#clock.now();
    const rests = (target: ConnectTarget): boolean => (this.#restUntil.get(target) ?? 0) > now;
    return [
      ...this.#targets.filter((target) => !rests(target)),
      ...this.#targets.filter((target) => rests(target)),
    ];
  }
}

function capabilitiesOf({ offers, tls }: ClientSession): ReceiverCapabilities {
  const { maxSizeBytes, limits } = offers;
  return {
    ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
    ...(limits.rcptMax === undefined ? {} : { maxRecipients: limits.rcptMax }),
    dsn: offers.dsn,
    smtpUtf8: offers.smtpUtf8,
    eightBitMime: true, // it is converted for a peer that takes seven bits
    requireTls: offers.requireTls && tls?.verified === true,
  };
}
