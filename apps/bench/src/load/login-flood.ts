/**
 * Somebody who guesses passwords from ever new addresses: logs in over and over, until the
 * server hangs up or sends it away, and comes again.
 *
 * It ends when it is told to. Trouble of its own connections is part of its trade.
 */
import { ClientSession } from './client-session.ts';
import type { Entry } from './client-session.ts';
import { MAILBOX } from './load.ts';

/** A flood that runs. */
export interface LoginFlood {
  /** Resolves with what came of it when all its sessions are over. */
  stop(): Promise<FloodResult>;
}

/** What it got. */
export interface FloodResult {
  /** Guesses that were answered. */
  readonly answered: number;
  readonly connections: number;
  readonly seconds: number;
}

const GUESSES_PER_CONNECTION = 3;

/** Begins. One of two guesses is for an account that exists. */
export function startLoginFlood({ port }: Entry, sessions: number): LoginFlood {
  const startedAt = performance.now();
  let [answered, connections, isOver] = [0, 0, false];
  const guess = async (): Promise<void> => {
    connections += 1;
    const localAddress = addressOf(connections);
    const session = await ClientSession.open({ port, localAddress });
    try {
      await session.startTls();
      for (let turn = 0; turn < GUESSES_PER_CONNECTION; turn += 1) {
        const user = turn % 2 === 0 ? MAILBOX : `somebody${connections}@local.test`;
        await session.tryLogin({ user, password: `guess-${connections}-${turn}` });
        answered += 1;
        if (isOver) break;
      }
    } finally {
      session.destroy();
    }
  };
  const guessOn = async (): Promise<void> => {
    while (!isOver) await guess().catch(() => undefined);
  };
  const all = Promise.all(Array.from({ length: sessions }, guessOn));
  return {
    async stop() {
      isOver = true;
      await all;
      return { answered, connections, seconds: (performance.now() - startedAt) / 1000 };
    },
  };
}

/** Loopback has 16 million; honest clients come from its first. */
function addressOf(number: number): string {
  return `127.${2 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`;
}
