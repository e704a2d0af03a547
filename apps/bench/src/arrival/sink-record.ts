/** What came to the sink, over all connections: which message, to which recipient, when. */
import { recognizeOnWire } from '../message.ts';
import type { MessagePattern, WireForm } from '../message.ts';
import { now } from '../meter/clock.ts';
import type { Findings } from './arrival.ts';

/** Recipients of one message that can be told apart. */
const RECIPIENTS = 1000;

/** Counts, and forgets when it is asked what it found. */
export class SinkRecord {
  /** For each run, numbers of messages and recipients in one. */
  #deliveries = new Map<string, Set<number>>();
  #times = new Map<number, number>();
  #repeated = 0;
  #foreign = 0;
  #taken = 0;
  #firstAt: number | undefined;
  readonly #pattern: MessagePattern;

  constructor(pattern: MessagePattern) {
    this.#pattern = pattern;
  }

  /** Deliveries since the last check. */
  get taken(): number {
    return this.#taken;
  }

  /** When the first of them came. */
  get firstAt(): number | undefined {
    return this.#firstAt;
  }

  take(received: Buffer, recipients: readonly number[], form: WireForm): void {
    const at = now();
    this.#firstAt ??= at;
    this.#taken += recipients.length;
    const known = recognizeOnWire(received, this.#pattern, form);
    if (known === undefined) {
      this.#foreign += recipients.length;
      return;
    }
    this.#times.set(known.number, at);
    const deliveries = this.#deliveries.get(known.run) ?? new Set();
    this.#deliveries.set(known.run, deliveries);
    for (const recipient of recipients) {
      const delivery = known.number * RECIPIENTS + recipient;
      if (deliveries.has(delivery)) this.#repeated += 1;
      deliveries.add(delivery);
    }
  }

  check(run: string): Findings {
    const mine = this.#deliveries.get(run)?.size ?? 0;
    const strange = [...this.#deliveries.values()].reduce((sum, { size }) => sum + size, -mine);
    const [repeated, foreign, times] = [this.#repeated, this.#foreign + strange, this.#times];
    this.#deliveries = new Map();
    this.#times = new Map();
    this.#repeated = this.#foreign = this.#taken = 0;
    this.#firstAt = undefined;
    return { good: mine, repeated, foreign, times };
  }
}
