import { describe, expect, it } from 'vitest';
import { silentLogger } from '@posthouse/mail';
import { createManualClock, startScriptedPeer } from '@posthouse/testkit';
import { RestingRoom } from '../../src/outbound/resting-room.ts';
import type { RestingRoomOptions } from '../../src/outbound/resting-room.ts';
import { createSessionPool } from '../../src/outbound/session-pool.ts';
import type { SessionPool } from '../../src/outbound/session-pool.ts';
import type { ClientSession } from '../../src/outbound/session.ts';
import { hello, QUIT, targetOf } from './peers.ts';

const clock = createManualClock();

/** Two pools with one room, and sessions of both with a peer each of which leaves in good manners. */
async function withPools(
  options: RestingRoomOptions,
  sessions: number,
  run: (pools: readonly [SessionPool, SessionPool], open: Open) => Promise<void>,
): Promise<void> {
  const peer = await startScriptedPeer(Array.from({ length: sessions }, () => `${hello()}${QUIT}`));
  const room = new RestingRoom(options, clock);
  const make = (): SessionPool => createSessionPool({}, { clock, logger: silentLogger, room });
  const pools = [make(), make()] as const;
  await Promise.all(pools.map((pool) => pool.start()));
  try {
    await run(pools, (pool) => pool.acquire(targetOf(peer)));
  } finally {
    await Promise.all(pools.map((pool) => pool.stop()));
    await peer.stop();
  }
  expect(clock.pending).toBe(0);
}

type Open = (pool: SessionPool) => Promise<ClientSession>;

describe('a room for sessions that rest', () => {
  it('shows out who rests longest, of whichever pool, where there are too many', () =>
    withPools({ maxResting: 2 }, 4, async ([one, two], open) => {
      const [a, b, c, d] = [await open(one), await open(two), await open(one), await open(two)];
      one.release(a);
      two.release(b);
      one.release(c);
      await a.closed;
      const again = await open(two);
      expect(again).toBe(b);
      two.release(b); // c rests longest now
      two.release(d);
      await c.closed;
      expect([b.usable, d.usable]).toEqual([true, true]);
    }));

  it('shows all out whose time is up, and has no timer where nobody rests', () =>
    withPools({ idleMs: 1000 }, 3, async ([one, two], open) => {
      const [a, b, c] = [await open(one), await open(two), await open(one)];
      one.release(a);
      two.release(b);
      await clock.advance(600);
      one.release(c);
      await clock.advance(400);
      await Promise.all([a.closed, b.closed]);
      expect(c.usable).toBe(true);
      await clock.advance(600);
      await c.closed;
    }));
});
