/** Limits over days, and hosts that say that it is too much: on the manual clock. */
import { enhancedStatus } from '@posthouse/mail';
import type { Rate, RecipientOutcome } from '@posthouse/mail';
import { describe, expect, it } from 'vitest';
import type { RoutePlanner } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import {
  DAY,
  DELIVERED,
  eventKinds,
  HOUR,
  MINUTE,
  settle,
  startQueue,
  submit,
} from './queue-under-test.ts';
import type { QueueUnderTest } from './queue-under-test.ts';

const OVERLOAD: RecipientOutcome = {
  kind: 'delayed',
  status: enhancedStatus(4, 7, 0),
  reason: '421 4.7.0 too much',
  scope: 'host',
  overload: true,
};

/** One site for all, a lane for each domain. */
function limited(rates: readonly Rate[], more: Partial<RoutePlanner> = {}): RoutePlanner {
  return {
    // Authors of example.test are told of delays.
    plan: ({ domain }) =>
      domain === 'example.test'
        ? { lane: 'own', site: 'own', own: true }
        : { lane: domain, site: 'smarthost' },
    rates: (key) => (key === 'smarthost' ? rates : []),
    ...more,
  };
}

async function submitMany({ queue }: QueueUnderTest, count: number, domains = 1): Promise<void> {
  for (let n = 0; n < count; n++) await submit(queue, { to: [`r${n}@d${n % domains}.test`] });
}

/** What went to others than the authors. */
function outside({ attempts }: QueueUnderTest): QueueUnderTest['attempts'] {
  return attempts.filter(({ addresses }) => !addresses[0]?.startsWith('alice'));
}

/** The most attempts in any stretch of a length. */
function most(times: readonly number[], perMs: number): number {
  return Math.max(...times.map((at) => times.filter((t) => t >= at && t < at + perMs).length));
}

const PER_DAY: Rate = { of: 'messages', count: 20, perMs: DAY };
const PER_MINUTE: Rate = { of: 'messages', count: 6, perMs: MINUTE };

describe('a rate', () => {
  it('spreads mail over days, and fails none of it', async () => {
    const under = await startQueue({ deps: { planner: limited([PER_DAY]) } });
    await submitMany(under, 70, 3);
    await under.clock.advance(DAY - MINUTE);
    expect(outside(under)).toHaveLength(20);
    for (let day = 0; day < 4; day++) await under.clock.advance(DAY);
    expect(outside(under)).toHaveLength(70);
    const times = outside(under).map(({ at }) => at);
    expect(most(times, DAY)).toBeLessThanOrEqual(20);
    expect(await eventKinds(under.store)).not.toContain('failed');
    expect(under.store.usage().recipients).toBe(0);
    await under.stop();
  });

  it('of a minute is waited for in memory, and used as it comes free', async () => {
    const under = await startQueue({ deps: { planner: limited([PER_MINUTE]) } });
    await submitMany(under, 30, 2);
    await under.clock.advance(5 * MINUTE + 10_000);
    const times = under.attempts.map(({ at }) => at);
    expect(times).toHaveLength(30);
    expect(most(times, MINUTE)).toBeLessThanOrEqual(6);
    expect(times[6]).toBeGreaterThanOrEqual((times[0] ?? 0) + MINUTE);
    await under.stop();
  });

  it('tells who waits why, and until when', async () => {
    const under = await startQueue({ deps: { planner: limited([PER_DAY]) } });
    await submitMany(under, 22);
    await settle(under.clock);
    await under.clock.advance(MINUTE);
    const entries = await under.store.list({}, { limit: 5 });
    const told = entries.find(({ recipient }) => recipient.lastReason !== undefined)?.recipient;
    expect(told?.lastReason).toMatch(/^Held back until .*: 20 messages a day for smarthost/);
    expect(told?.attempts).toBe(0);
    expect([...under.queue.sites()]).toMatchObject([
      { site: 'smarthost', attempts: 0, rates: [{ ...PER_DAY, used: 20 }] },
    ]);
    expect([...under.queue.sites()][0]?.heldUntil).toBeGreaterThan(under.clock.now());
    await under.stop();
  });

  it('that holds mail back for long has its author told of the delay in time', async () => {
    const under = await startQueue({ deps: { planner: limited([PER_DAY]) } });
    await submitMany(under, 25);
    await under.clock.advance(5 * HOUR + 10 * MINUTE);
    expect(under.attempts.length - outside(under).length).toBe(5);
    await under.stop();
  });

  it('outlives a restart', async () => {
    const store = createMemoryStore();
    const setting = { deps: { store, planner: limited([PER_DAY]) } };
    const first = await startQueue(setting);
    await submitMany(first, 25);
    await first.clock.advance(MINUTE);
    expect(first.attempts).toHaveLength(20);
    await first.stop();
    const second = await startQueue(setting); // its clock begins where the first one began
    await submitMany(second, 5);
    await second.clock.advance(HOUR);
    expect(second.attempts).toHaveLength(0);
    await second.clock.advance(DAY);
    expect(outside(second)).toHaveLength(10);
    await second.stop();
  });

  it('of recipients parts a message, so that no part is larger than it may be', async () => {
    const rates: readonly Rate[] = [{ of: 'recipients', count: 10, perMs: HOUR }];
    const under = await startQueue({
      deps: {
        planner: limited(rates, {
          plan: () => ({ lane: 'smarthost', site: 'smarthost', maxRecipients: 10 }),
        }),
      },
    });
    const to = Array.from({ length: 25 }, (_, n) => `r${n}@d.test`);
    await submit(under.queue, { to });
    await under.clock.advance(4 * HOUR);
    expect(under.attempts.map(({ addresses }) => addresses.length)).toEqual([10, 10, 5]);
    await under.stop();
  });

  it('of an account holds back this account, and nobody else on the way to the same host', async () => {
    const planner = limited([], {
      plan: ({ domain }, { reversePath }) => {
        const account = reversePath === '<>' ? '' : reversePath.localPart;
        return { lane: `${domain} by ${account}`, site: domain, allowances: [account] };
      },
      rates: (key) => (key === 'alice' ? [{ of: 'messages', count: 2, perMs: HOUR }] : []),
    });
    const under = await startQueue({ deps: { planner } });
    for (let n = 0; n < 10; n++) {
      await submit(under.queue, { from: 'alice@own.test', to: [`a${n}@d${n % 2}.test`] });
      await submit(under.queue, { from: 'bob@own.test', to: [`b${n}@d${n % 2}.test`] });
    }
    await under.clock.advance(MINUTE);
    const of = (name: string) =>
      under.attempts.filter(({ addresses }) => addresses[0]?.startsWith(name));
    expect(of('b')).toHaveLength(10);
    expect(of('a')).toHaveLength(2);
    expect(under.queue.rates('alice')).toMatchObject([{ used: 2 }]);
    await under.clock.advance(6 * HOUR);
    expect(of('a')).toHaveLength(10);
    await under.stop();
  });
});

describe('a host that says that it is too much', () => {
  it('gets less at a time, then more again, and everything in the end', async () => {
    const under = await startQueue({
      // It takes forty a minute.
      script: () => {
        const since = under.clock.now() - MINUTE;
        return under.attempts.filter(({ at }) => at > since).length > 40 ? OVERLOAD : DELIVERED;
      },
      deps: { planner: limited([]) },
    });
    await submitMany(under, 300, 20);
    await settle(under.clock);
    const [site] = under.queue.sites();
    expect(site?.shape?.maxAttempts).toBeGreaterThanOrEqual(1);
    expect(site?.shape?.perMinute).toBeGreaterThanOrEqual(20);
    await under.clock.advance(DAY);
    expect(under.store.usage().recipients).toBe(0);
    const kinds = await eventKinds(under.store);
    expect(kinds.filter((kind) => kind === 'attempted').length).toBeLessThan(150);
    expect(kinds).not.toContain('failed');
    await under.stop();
  });

  it('rests as long as it wants, and is probed once', async () => {
    const restMs = 20 * MINUTE;
    let says: RecipientOutcome = { ...OVERLOAD, restMs };
    const under = await startQueue({ script: () => says, deps: { planner: limited([]) } });
    await submitMany(under, 40, 10);
    await settle(under.clock);
    const first = under.attempts.length;
    expect(first).toBeLessThanOrEqual(40);
    await under.clock.advance(restMs - 1000);
    expect(under.attempts).toHaveLength(first);
    await under.clock.advance(MINUTE);
    expect(under.attempts).toHaveLength(first + 1);
    says = DELIVERED;
    await under.clock.advance(2 * HOUR);
    expect(under.store.usage().recipients).toBe(0);
    await under.stop();
  });

  it('is remembered over a restart', async () => {
    const store = createMemoryStore();
    const setting = { script: () => OVERLOAD, deps: { store, planner: limited([]) } };
    const first = await startQueue(setting);
    await submitMany(first, 20, 4);
    await first.clock.advance(MINUTE);
    await first.stop();
    const second = await startQueue(setting);
    expect([...second.queue.sites()]).toMatchObject([
      { site: 'smarthost', shape: { maxAttempts: expect.any(Number) as number } },
    ]);
    await second.stop();
  });
});
