import { describe, expect, it } from 'vitest';
import { NULL_PATH } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import {
  DAY,
  DELIVERED,
  eventKinds,
  HOST_DOWN,
  HOUR,
  MINUTE,
  settle,
  startQueue,
  submit,
  turn,
} from './queue-under-test.ts';
import type { QueueUnderTest, SeenAttempt } from './queue-under-test.ts';

async function submitMany({ queue }: QueueUnderTest, count: number, domain: string): Promise<void> {
  for (let n = 0; n < count; n++) await submit(queue, { to: [`r${n}@${domain}`] });
}

function isToDead({ addresses }: SeenAttempt): boolean {
  return addresses.some((address) => address.endsWith('dead.test'));
}

describe('a site that is dead', () => {
  it('costs one cohort of attempts, then one probe a rest and not one a message', async () => {
    const under = await startQueue({
      script: (address) => (address.endsWith('dead.test') ? HOST_DOWN : DELIVERED),
    });
    const { clock, stop } = under;
    await submitMany(under, 40, 'dead.test');
    const attempted = (): number => under.attempts.filter(isToDead).length;
    await settle(clock);
    expect(attempted()).toBe(5);
    const probes: number[] = [];
    for (let hour = 0; hour < 12; hour++) {
      const before = attempted();
      await clock.advance(HOUR);
      probes.push(attempted() - before);
    }
    // Rests of 5, 10, 20, 40, then 60 minutes.
    expect(probes.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(15);
    expect(Math.max(...probes.slice(2))).toBe(1);
    await stop();
  });

  it('gets everything when a probe is answered', async () => {
    let says: RecipientOutcome = HOST_DOWN;
    const under = await startQueue({ script: () => says });
    const { clock, attempts, store, stop } = under;
    await submitMany(under, 40, 'dead.test');
    await clock.advance(3 * HOUR);
    says = DELIVERED;
    const before = attempts.length;
    await clock.advance(4 * HOUR);
    expect(attempts.length - before).toBe(40);
    expect(store.usage().recipients).toBe(0);
    await stop();
  });

  it('is known over all its lanes', async () => {
    const under = await startQueue({
      script: () => HOST_DOWN,
      deps: {
        planner: { plan: ({ domain }) => ({ lane: domain, site: 'one provider' }) },
      },
    });
    const { queue, clock, attempts, stop } = under;
    for (let n = 0; n < 30; n++) await submit(queue, { to: [`r@d${n}.test`] });
    await settle(clock);
    expect(attempts.length).toBeLessThanOrEqual(10);
    const before = attempts.length;
    await clock.advance(6 * HOUR);
    expect(attempts.length - before).toBeLessThanOrEqual(12);
    await stop();
  });

  it('still has its mail expire, and its authors told, though nobody was attempted', async () => {
    const under = await startQueue({
      script: (address) => (address === 'alice@example.test' ? DELIVERED : HOST_DOWN),
    });
    const { clock, attempts, store, stop } = under;
    await submitMany(under, 60, 'dead.test');
    const start = clock.now();
    await clock.advance(9 * HOUR);
    const told = () =>
      attempts.filter(({ attempt }) => attempt.message.reversePath === NULL_PATH).length;
    expect(told()).toBe(60);
    await clock.advance(start + 5 * DAY + 4 * HOUR - clock.now());
    expect(told()).toBe(120);
    expect(store.usage().messages).toBe(0);
    const kinds = await eventKinds(store);
    expect(kinds.filter((kind) => kind === 'expired')).toHaveLength(60);
    await stop();
  });

  it('does not make others wait', async () => {
    const under = await startQueue({
      script: (address) => (address.endsWith('dead.test') ? HOST_DOWN : DELIVERED),
    });
    const { queue, clock, attempts, stop } = under;
    await submitMany(under, 50, 'dead.test');
    await submit(queue, { to: ['bob@alive.test'] });
    await settle(clock);
    expect(attempts.at(-1)?.addresses).toEqual(['bob@alive.test']);
    await stop();
  });
});

describe('a host that takes only so many connections', () => {
  it('is given what it takes, and its mail goes through', async () => {
    let open = 0;
    let refused = 0;
    const LIMIT = 3;
    const under = await startQueue({
      script: async () => {
        open += 1;
        try {
          if (open > LIMIT) {
            refused += 1;
            return HOST_DOWN;
          }
          await turn();
          return DELIVERED;
        } finally {
          open -= 1;
        }
      },
    });
    const { clock, store, stop } = under;
    await submitMany(under, 300, 'limited.test');
    for (let n = 0; n < 400 && store.usage().recipients > 0; n++) {
      await turn(100); // a hundred attempts after another take no time
      await clock.advance(MINUTE);
    }
    expect(store.usage().recipients).toBe(0);
    expect(refused).toBeLessThan(150);
    await stop();
  });
});
