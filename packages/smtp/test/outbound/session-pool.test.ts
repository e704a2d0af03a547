import { describe, expect, it } from 'vitest';
import { NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import type { Clock } from '@posthouse/mail';
import { createManualClock, startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeer } from '@posthouse/testkit';
import { createSessionPool } from '../../src/outbound/session-pool.ts';
import type { SessionPool, SessionPoolOptions } from '../../src/outbound/session-pool.ts';
import type { ClientSession } from '../../src/outbound/session.ts';
import { begin, BOB, commit, hello, QUIT, targetOf } from './peers.ts';

const ONE_MESSAGE = `
  C: MAIL FROM:<alice@example.test>
  S: 250 ok
  C: RCPT TO:<bob@example.test>
  S: 250 ok
  C: DATA
  S: 354 go on
  ! content
  S: 250 ok
`;

async function withPool(
  dialogues: readonly string[],
  run: (pool: SessionPool, peer: ScriptedPeer) => Promise<void>,
  options: SessionPoolOptions = {},
  clock: Clock = systemClock,
): Promise<void> {
  const peer = await startScriptedPeer(dialogues);
  const pool = createSessionPool(options, { clock, logger: silentLogger });
  await pool.start();
  try {
    await run(pool, peer);
  } finally {
    await pool.stop();
    await peer.stop();
  }
}

async function sendOne(session: ClientSession): Promise<void> {
  const transaction = begin(session);
  await transaction.recipient(BOB, NO_PARAMS);
  await commit(transaction);
}

describe('a session pool', () => {
  it('lends a session again, and takes leave when it stops', () =>
    withPool([`${hello()}${ONE_MESSAGE}${ONE_MESSAGE}${QUIT}`], async (pool, peer) => {
      const target = targetOf(peer);
      expect(pool.takeIdle(target)).toBeUndefined();
      const first = await pool.acquire(target);
      await sendOne(first);
      pool.release(first);
      const second = await pool.acquire({ ...target });
      expect(second).toBe(first);
      await sendOne(second);
      pool.release(second);
    }));

  it('opens no more than allowed, and gives what is given back to who waits longest', () =>
    withPool(
      [`${hello()}${QUIT}`, `${hello()}${QUIT}`],
      async (pool, peer) => {
        const target = targetOf(peer);
        const [one, two] = await Promise.all([pool.acquire(target), pool.acquire(target)]);
        const order: number[] = [];
        const waiting = [1, 2].map((number) =>
          pool.acquire(target).then((session) => {
            order.push(number);
            return session;
          }),
        );
        pool.release(two);
        expect(await waiting[0]).toBe(two);
        pool.release(one);
        expect(await waiting[1]).toBe(one);
        expect(order).toEqual([1, 2]);
        pool.release(one);
        pool.release(two);
      },
      { maxConnections: 2 },
    ));

  it('keeps targets apart that may not share a session', () =>
    withPool([`${hello()}${QUIT}`, `${hello()}${QUIT}`], async (pool, peer) => {
      const target = targetOf(peer);
      const session = await pool.acquire(target);
      pool.release(session);
      const other = await pool.acquire({ ...target, shareContext: true });
      expect(other).not.toBe(session);
      pool.release(other);
    }));

  it('retires a session after its number of messages', () =>
    withPool(
      [`${hello()}${ONE_MESSAGE}${ONE_MESSAGE}${QUIT}`, `${hello()}${QUIT}`],
      async (pool, peer) => {
        const target = targetOf(peer);
        for (let i = 0; i < 2; i++) {
          const session = await pool.acquire(target);
          await sendOne(session);
          pool.release(session);
        }
        const fresh = await pool.acquire(target);
        expect(fresh.transactions).toBe(0);
        pool.release(fresh);
      },
      { maxMessagesPerConnection: 2, maxConnections: 1 },
    ));

  it('closes what has rested too long, and not what was used since', async () => {
    const clock = createManualClock();
    await withPool(
      [`${hello()}${QUIT}`, `${hello()}${ONE_MESSAGE}${QUIT}`],
      async (pool, peer) => {
        const target = targetOf(peer);
        const [one, two] = await Promise.all([pool.acquire(target), pool.acquire(target)]);
        pool.release(one);
        await clock.advance(600);
        pool.release(two);
        await clock.advance(400);
        await one.closed;
        expect(pool.takeIdle(target)).toBe(two);
        await sendOne(two);
        pool.release(two);
        await clock.advance(600);
        expect(two.usable).toBe(true);
        await clock.advance(400);
        await two.closed;
      },
      { idleMs: 1000 },
      clock,
    );
  });

  it('lends no session that has died while it rested', () =>
    withPool(
      [`${hello()}\n! until drop\n! drop`, `${hello()}${QUIT}`],
      async (pool, peer) => {
        const target = targetOf(peer);
        const dead = await pool.acquire(target);
        pool.release(dead);
        peer.release('drop');
        await dead.closed;
        const fresh = await pool.acquire(target);
        expect(fresh).not.toBe(dead);
        pool.release(fresh);
      },
      { maxConnections: 1 },
    ));

  it('opens a new session where a fresh one is asked for, in place of one that rests', () =>
    withPool(
      [hello(), `${hello()}${QUIT}`],
      async (pool, peer) => {
        const target = targetOf(peer);
        const old = await pool.acquire(target);
        pool.release(old);
        const fresh = await pool.acquire(target, undefined, true);
        expect(fresh).not.toBe(old);
        expect(old.usable).toBe(false);
        pool.release(fresh);
      },
      { maxConnections: 1 },
    ));

  it('tells all who wait when the peer cannot be reached', () =>
    withPool(
      ['S: 421 4.3.2 busy'],
      async (pool, peer) => {
        const target = targetOf(peer);
        const answers = await Promise.allSettled([1, 2, 3].map(() => pool.acquire(target)));
        for (const answer of answers) {
          expect(answer).toMatchObject({
            status: 'rejected',
            reason: { code: 'next-hop-refused' },
          });
        }
      },
      { maxConnections: 1 },
    ));

  it('lets a waiting caller go at its deadline, at ours, and when it stops', async () => {
    const clock = createManualClock();
    await withPool(
      [`${hello()}${QUIT}`],
      async (pool, peer) => {
        const target = targetOf(peer);
        const session = await pool.acquire(target);
        const deadline = new AbortController();
        const hurried = pool.acquire(target, deadline.signal);
        deadline.abort(new DOMException('too late', 'TimeoutError'));
        await expect(hurried).rejects.toMatchObject({ code: 'deadline-passed' });
        const patient = expect(pool.acquire(target)).rejects.toMatchObject({
          code: 'next-hop-unreachable',
        });
        await clock.advance(60_000);
        await patient;
        const late = expect(pool.acquire(target)).rejects.toMatchObject({ code: 'shutting-down' });
        const stopped = pool.stop();
        await late;
        pool.release(session);
        await stopped;
        await expect(pool.acquire(target)).rejects.toMatchObject({ code: 'shutting-down' });
      },
      { maxConnections: 1 },
      clock,
    );
  });

  it('breaks off what it is opening when it stops', () =>
    withPool(['! mark accepted'], async (pool, peer) => {
      const opening = expect(pool.acquire(targetOf(peer))).rejects.toMatchObject({
        code: 'shutting-down',
      });
      await peer.reached('accepted');
      await pool.stop();
      await opening;
    }));
});
