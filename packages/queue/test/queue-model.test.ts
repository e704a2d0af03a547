/**
 * Whatever hosts say, however long they take, and whenever the process dies: no recipient is
 * attempted twice at once, every one is attempted as long as anybody of its site is answered, and
 * each comes to exactly one end.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { createManualClock, domain } from '@posthouse/testkit';
import { createQueue } from '../src/index.ts';
import type { Attempt, Queue, RoutePlanner, Store } from '../src/index.ts';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { mortal } from './faulty-store.ts';
import {
  DELIVERED,
  GREYLISTED,
  HOST_DOWN,
  HOUR,
  MINUTE,
  NO_SUCH_USER,
  submit,
  turn,
} from './queue-under-test.ts';

const ANSWERS = { DELIVERED, NO_SUCH_USER, GREYLISTED, HOST_DOWN };
type Answer = keyof typeof ANSWERS | 'fault' | 'silence';

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 4, arbitrary: fc.constant('DELIVERED' as const) },
  { weight: 3, arbitrary: fc.constant('HOST_DOWN' as const) },
  { weight: 2, arbitrary: fc.constant('GREYLISTED' as const) },
  { weight: 1, arbitrary: fc.constant('NO_SUCH_USER' as const) },
  { weight: 1, arbitrary: fc.constant('fault' as const) },
  { weight: 1, arbitrary: fc.constant('silence' as const) },
);

/** What happens between two pauses. */
type Step =
  | { readonly kind: 'submit'; readonly to: readonly string[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'crash' }
  | { readonly kind: 'restart' };

const address = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 3 }))
  .map(([user, host]) => `u${user}@h${host}.test`);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(address, { minLength: 1, maxLength: 6 })
      .map((to) => ({ kind: 'submit' as const, to })),
  },
  {
    weight: 5,
    arbitrary: fc.integer({ min: 0, max: 6 * HOUR }).map((ms) => ({ kind: 'wait' as const, ms })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

const scenario = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
  answers: fc.array(answer, { minLength: 1, maxLength: 12 }),
  durations: fc.array(fc.integer({ min: 0, max: 20 * MINUTE }), { minLength: 1, maxLength: 5 }),
  own: fc.boolean(),
  deliverFirstMs: fc.constantFrom(0, 1000, 10 * MINUTE),
  oneSite: fc.boolean(),
  slots: fc.integer({ min: 1, max: 6 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

/** A queue that can die and be started again on the same store, with a transmitter that keeps watch. */
class World {
  readonly clock = createManualClock();
  readonly store: Store = createMemoryStore();
  readonly attempted = new Set<string>();
  readonly violations: string[] = [];
  readonly #given: Scenario;
  readonly #running = new Map<string, Queue>();
  #asked = 0;
  #queue: Queue | undefined;
  #die = (): void => undefined;

  constructor(given: Scenario) {
    this.#given = given;
  }

  get queue(): Queue {
    if (this.#queue === undefined) throw new TypeError('not started');
    return this.#queue;
  }

  async start(): Promise<void> {
    const { deliverFirstMs, own, oneSite, slots } = this.#given;
    const { store, die } = mortal(this.store);
    this.#die = die;
    const planner: RoutePlanner = {
      plan: ({ domain: lane }) => ({ lane, site: oneSite ? 'all' : lane, own }),
    };
    const queue: Queue = createQueue(
      {
        hostname: domain('mx.example.test'),
        attemptTimeoutMs: HOUR,
        deliverFirstMs,
        concurrency: { maxAttempts: slots, maxActiveRecipients: 20, maxRecipientsPerAttempt: 2 },
      },
      {
        store,
        planner,
        clock: this.clock,
        logger: silentLogger,
        random: () => 0.5,
        transmitter: { transmit: (attempt) => this.#transmit(queue, attempt) },
      },
    );
    this.#queue = queue;
    await queue.start();
  }

  crash(): Promise<void> {
    this.#die();
    return this.start();
  }

  async restart(): Promise<void> {
    let stopped = false;
    const stopping = this.queue.stop().finally(() => {
      stopped = true;
    });
    while (!stopped) await this.clock.advance(1000);
    await stopping;
    await this.start();
  }

  async #transmit(queue: Queue, attempt: Attempt): Promise<readonly RecipientOutcome[]> {
    if (queue !== this.#queue) return new Promise(() => undefined); // a dead process does nothing
    const keys = attempt.recipients.map(({ message, index }) => `${message}/${index}`);
    for (const key of keys) {
      if (this.#running.get(key) === queue) this.violations.push(`twice at once: ${key}`);
      if (this.#running.has(key) && attempt.context.delivery?.repeat !== true) {
        this.violations.push(`not told that it is a repeat: ${key}`);
      }
      this.#running.set(key, queue);
      this.attempted.add(key);
    }
    const ended = (): void => {
      for (const key of keys) if (this.#running.get(key) === queue) this.#running.delete(key);
    };
    const { answers, durations } = this.#given;
    const place = this.#asked++;
    const says = answers[place % answers.length] ?? 'DELIVERED';
    attempt.signal.addEventListener('abort', ended);
    await new Promise<void>((resolve) => {
      if (says === 'silence') return; // until it is told to stop, and even then
      this.clock.after(durations[place % durations.length] ?? 0, resolve);
    });
    ended();
    if (says === 'fault' || says === 'silence') throw new RangeError('a fault');
    return keys.map(() => ANSWERS[says]);
  }
}

describe('a queue in any world', () => {
  it(
    'attempts every recipient, never twice at once, and ends each exactly once',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(scenario, async (given) => {
          const world = new World(given);
          await world.store.start();
          await world.start();
          const expected = new Set<string>();
          for (const each of given.steps) {
            if (each.kind === 'submit') {
              const id = await submit(world.queue, { from: '', to: each.to }, world.clock);
              each.to.forEach((_, index) => expected.add(`${id}/${index}`));
            } else if (each.kind === 'wait') await world.clock.advance(each.ms);
            else if (each.kind === 'crash') await world.crash();
            else await world.restart();
          }
          for (let hour = 0; hour < 7 * 24 && world.store.usage().recipients > 0; hour++) {
            await world.clock.advance(HOUR);
            await turn(2);
          }
          expect(world.violations).toEqual([]);
          expect(world.store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
          const { events } = await world.store.events(undefined, 100_000);
          // A site that is down for all five days is probed with the mail of others.
          const expired = new Set(
            events
              .filter(({ kind }) => kind === 'expired')
              .map(({ message, index }) => `${message}/${index}`),
          );
          expect(
            [...expected].filter((key) => !world.attempted.has(key) && !expired.has(key)),
          ).toEqual([]);
          const ends = events
            .filter(({ kind }) => ['delivered', 'relayed', 'failed', 'expired'].includes(kind))
            .map(({ message, index }) => `${message}/${index}`);
          expect(ends).toHaveLength(expected.size);
          expect(new Set(ends)).toEqual(expected);
          await world.restart(); // and nothing is left that would keep it from stopping
        }),
        { numRuns: 25 },
      );
    },
  );
});
