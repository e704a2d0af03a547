/**
 * Keeps sessions for reuse, by target, within limits.
 *
 * A session is lent to one owner at a time. Given back, it goes to whoever waits longest,
 * else it rests, the one used last being taken first; it is closed when it has rested long
 * enough, carried its number of messages, or broke. Pools may share a room for those that rest,
 * and a limit on them. A peer that cannot be reached is told at
 * once to all who wait for it, unless other connections to it stand.
 */
import { asMailError, refuse } from '@posthouse/mail';
import type { MailError, Startable } from '@posthouse/mail';
import { connect } from './connect.ts';
import type { ConnectDeps } from './connect.ts';
import { hostOfTarget, targetKey } from './connect-target.ts';
import type { ConnectTarget } from './connect-target.ts';
import { RestingRoom } from './resting-room.ts';
import type { Rest } from './resting-room.ts';
import type { ClientSession } from './session.ts';

export interface SessionPoolOptions {
  /** Connections to one target at the same time. @default 20 */
  readonly maxConnections?: number;
  /** Transactions on one connection. @default 100 */
  readonly maxMessagesPerConnection?: number;
  /** How long a session may rest, where the pool has a room of its own. @default 30 s */
  readonly idleMs?: number;
  /** How long a caller waits for one of the connections to come free. @default 60 s */
  readonly maxWaitMs?: number;
}

export interface SessionPoolDeps extends Omit<ConnectDeps, 'onLine'> {
  /** Where sessions rest, together with those of other pools. @default a room of its own */
  readonly room?: RestingRoom | undefined;
}

/** Lends sessions. Lends none before `start`; `stop` waits for those that are lent. */
export interface SessionPool extends Startable {
  /** A session that rests, if there is one. */
  takeIdle(target: ConnectTarget): ClientSession | undefined;
  /**
   * A session that rests, or a new one when it is its turn.
   * @param fresh asks for a new one, because the one that rested was dead
   * @throws MailError as `connect` does, `next-hop-unreachable` after `maxWaitMs`, `shutting-down`
   */
  acquire(target: ConnectTarget, signal?: AbortSignal, fresh?: boolean): Promise<ClientSession>;
  /** Gives a session back, in whatever state it is. */
  release(session: ClientSession): void;
}

/** Makes a pool. */
export function createSessionPool(options: SessionPoolOptions, deps: SessionPoolDeps): SessionPool {
  return new Pool({ ...DEFAULTS, ...options }, deps);
}

type PoolOptions = SessionPoolOptions & typeof DEFAULTS;

const DEFAULTS: Required<Omit<SessionPoolOptions, 'idleMs'>> = {
  maxConnections: 20,
  maxMessagesPerConnection: 100,
  maxWaitMs: 60_000,
};

/** Gets a session, or the right to open one; or the reason why not. */
interface Waiter {
  grant(granted: ClientSession | 'slot'): void;
  refuse(reason: MailError): void;
}

/** What belongs to one target. */
interface Lot {
  readonly key: string;
  /** Open connections and those about to be. */
  slots: number;
  /** The one that rests longest first. */
  resting: Rest[];
  readonly waiting: Waiter[];
}

class Pool implements SessionPool {
  readonly #options: PoolOptions;
  readonly #deps: SessionPoolDeps;
  readonly #lots = new Map<string, Lot>();
  readonly #sessions = new Map<ClientSession, Lot>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #room: RestingRoom;
  #stopping: AbortController | undefined;

  constructor(options: PoolOptions, deps: SessionPoolDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#room = deps.room ?? new RestingRoom({ idleMs: options.idleMs }, deps.clock);
  }

  async start(): Promise<void> {
    if (this.#stopping === undefined || this.#stopping.signal.aborted) {
      this.#stopping = new AbortController();
    }
  }

  async stop(): Promise<void> {
    this.#stopping?.abort(refuse('shutting-down'));
    for (const lot of this.#lots.values()) {
      for (const waiter of lot.waiting.splice(0)) waiter.refuse(refuse('shutting-down'));
      for (const rest of lot.resting.splice(0)) {
        this.#room.leave(rest);
        void rest.session.quit();
      }
    }
    this.#room.settle();
    await Promise.allSettled(this.#opening);
    await Promise.all([...this.#sessions.keys()].map((session) => session.closed));
  }

  takeIdle(target: ConnectTarget): ClientSession | undefined {
    const lot = this.#lots.get(targetKey(target));
    for (let last = lot?.resting.pop(); last !== undefined; last = lot?.resting.pop()) {
      this.#room.leave(last);
      if (last.session.usable) return last.session;
    }
    return undefined;
  }

  async acquire(
    target: ConnectTarget,
    signal?: AbortSignal,
    fresh = false,
  ): Promise<ClientSession> {
    const stopping = this.#stopping?.signal;
    if (stopping === undefined || stopping.aborted) throw refuse('shutting-down');
    const idle = fresh ? undefined : this.takeIdle(target);
    if (idle !== undefined) return idle;
    const lot = this.#lot(target);
    if (lot.slots < this.#options.maxConnections) {
      lot.slots++;
      return this.#open(lot, target, signal, stopping);
    }
    if (fresh) this.#rested(lot, 0)?.session.destroy(); // makes room for the one that is asked for
    const granted = await this.#turn(lot, target, signal);
    return granted === 'slot' ? this.#open(lot, target, signal, stopping) : granted;
  }

  release(session: ClientSession): void {
    const lot = this.#sessions.get(session);
    if (lot === undefined) return session.destroy(); // closed already, or none of ours
    const { maxMessagesPerConnection } = this.#options;
    const worn = session.transactions >= maxMessagesPerConnection;
    if (this.#stopping?.signal.aborted !== false || worn || !session.usable) {
      void session.quit();
      return;
    }
    const waiter = lot.waiting.shift();
    if (waiter !== undefined) return waiter.grant(session);
    lot.resting.push(this.#room.enter(session, (rest) => this.#shownOut(rest, lot)));
  }

  #shownOut(rest: Rest, lot: Lot): void {
    this.#rested(lot, lot.resting.indexOf(rest));
    void rest.session.quit();
  }

  /** Ends the rest at a place of the lot; -1 is none. */
  #rested(lot: Lot, place: number): Rest | undefined {
    const [rest] = place === -1 ? [] : lot.resting.splice(place, 1);
    if (rest !== undefined) this.#room.leave(rest);
    return rest;
  }

  #lot(target: ConnectTarget): Lot {
    const key = targetKey(target);
    const known = this.#lots.get(key);
    if (known !== undefined) return known;
    const lot: Lot = { key, slots: 0, resting: [], waiting: [] };
    this.#lots.set(key, lot);
    return lot;
  }

  /** Opens a session in a slot that is ours already. */
  async #open(
    lot: Lot,
    target: ConnectTarget,
    signal: AbortSignal | undefined,
    stopping: AbortSignal,
  ): Promise<ClientSession> {
    const given = signal === undefined ? stopping : AbortSignal.any([signal, stopping]);
    const opening = connect(target, this.#deps, given);
    this.#opening.add(opening);
    try {
      const session = await opening;
      this.#sessions.set(session, lot);
      void session.closed.then(() => this.#gone(session, lot));
      return session;
    } catch (error) {
      // Whose own time was up says nothing about the peer: the next one may try.
      if (!given.aborted && lot.slots === 1) {
        for (const waiter of lot.waiting.splice(0)) waiter.refuse(asMailError(error));
      }
      this.#freeSlot(lot);
      throw error;
    } finally {
      this.#opening.delete(opening);
    }
  }

  #gone(session: ClientSession, lot: Lot): void {
    this.#sessions.delete(session);
    this.#rested(
      lot,
      lot.resting.findIndex((rest) => rest.session === session),
    );
    this.#freeSlot(lot);
  }

  #freeSlot(lot: Lot): void {
    const waiter = lot.waiting.shift();
    if (waiter !== undefined) return waiter.grant('slot');
    lot.slots--;
    if (lot.slots === 0) this.#lots.delete(lot.key);
  }

  #turn(
    lot: Lot,
    target: ConnectTarget,
    signal: AbortSignal | undefined,
  ): Promise<ClientSession | 'slot'> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        const place = lot.waiting.indexOf(waiter);
        if (place !== -1) lot.waiting.splice(place, 1);
      };
      const waiter: Waiter = {
        grant: (granted) => {
          done();
          resolve(granted);
        },
        refuse: (reason) => {
          done();
          reject(reason);
        },
      };
      const onAbort = (): void => waiter.refuse(asMailError(signal?.reason));
      const timer = this.#deps.clock.after(this.#options.maxWaitMs, () =>
        waiter.refuse(allBusy(target)),
      );
      lot.waiting.push(waiter);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted === true) onAbort();
    });
  }
}

function allBusy(target: ConnectTarget): MailError {
  return refuse('next-hop-unreachable', {
    text: 'All connections to the next host are in use',
    host: hostOfTarget(target),
    scope: 'host',
  });
}
