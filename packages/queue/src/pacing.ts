/**
 * How much at a time: the rates that are set for sites, tenants and accounts, and the shapes that
 * sites were seen to bear. No I/O, and no clock of its own.
 *
 * A rate never makes mail fail: who has no room waits. Our own mailboxes have no rates.
 */
import type { Rate } from '@posthouse/mail';
import type { Cost } from './allowance.ts';
import { Allowances } from './allowances.ts';
import type { Exhausted, RateStanding } from './allowances.ts';
import type { Group } from './group.ts';
import type { Lane, Site } from './lane.ts';
import type { SiteKey } from './record.ts';
import type { AllowanceKey, RoutePlanner } from './route.ts';
import { easedShape, slowedShape } from './shape.ts';
import type { Shape } from './shape.ts';
import { Shapes } from './shapes.ts';
import type { Note } from './store.ts';

const NO_RATES: readonly Rate[] = [];
const MINUTE_MS = 60_000;

export class Pacing {
  readonly #planner: Pick<RoutePlanner, 'rates'>;
  readonly #shapes = new Shapes();
  readonly #allowances: Allowances;

  constructor(planner: Pick<RoutePlanner, 'rates'>) {
    this.#planner = planner;
    this.#allowances = new Allowances((key) => this.#ratesOf(key));
  }

  /** The allowance that makes the group wait; `undefined`: it may go. */
  exhausted(lane: Lane, group: Group, now: number): Exhausted | undefined {
    if (lane.own) return undefined;
    return this.#allowances.exhausted(keysOf(lane), costOf(group), now);
  }

  started(lane: Lane, group: Group, now: number): void {
    if (lane.own) return;
    lane.site.pace.count(now);
    this.#allowances.use(keysOf(lane), costOf(group), now);
  }

  /** The site says that it had too much. @param attempts under way, the one that says so included */
  overloaded(site: Site, attempts: number, now: number): void {
    const load = { attempts, perMinute: site.pace.perMinute(now) };
    this.#shapes.set(site.key, slowedShape(this.#shapes.of(site.key), load, now));
  }

  answered(site: Site, now: number): void {
    const shape = this.#shapes.of(site.key);
    if (shape !== undefined) this.#shapes.set(site.key, easedShape(shape, site.maxAttempts, now));
  }

  /** Attempts that the site may have when it is well. */
  maxAttempts(site: Site): number {
    return Math.min(site.maxAttempts, this.#shapes.of(site.key)?.maxAttempts ?? Infinity);
  }

  shapeOf(site: SiteKey): Shape | undefined {
    return this.#shapes.of(site);
  }

  shapedSites(): Iterable<SiteKey> {
    return this.#shapes.sites();
  }

  standings(key: AllowanceKey, now: number): readonly RateStanding[] {
    return this.#allowances.standings(key, now);
  }

  get hasNews(): boolean {
    return this.#shapes.hasNews || this.#allowances.hasNews;
  }

  /** What is worth a note and has changed since the last time; taken as asked. */
  takeNotes(now: number): readonly Note[] {
    this.#allowances.sweep(now);
    return [...this.#shapes.takeNotes(), ...this.#allowances.takeNotes(now)];
  }

  restore(notes: ReadonlyMap<string, string>): void {
    this.#shapes.restore(notes);
    this.#allowances.restore(notes);
  }

  #ratesOf(key: AllowanceKey): readonly Rate[] {
    const set = this.#planner.rates?.(key) ?? NO_RATES;
    const learnt = this.#shapes.of(key)?.perMinute;
    return learnt === undefined ? set : [...set, messagesPerMinute(learnt)];
  }
}

/** Counts what goes to a site: so many in this minute and in the one before. */
export class Pace {
  #minute = -1;
  #now = 0;
  #before = 0;

  count(now: number): void {
    this.#turn(now);
    this.#now += 1;
  }

  /** Messages of the last sixty seconds, about. */
  perMinute(now: number): number {
    this.#turn(now);
    const share = 1 - (now % MINUTE_MS) / MINUTE_MS;
    return this.#now + this.#before * share;
  }

  #turn(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.#minute) return;
    this.#before = minute === this.#minute + 1 ? this.#now : 0;
    this.#now = 0;
    this.#minute = minute;
  }
}

function messagesPerMinute(count: number): Rate {
  return { of: 'messages', count, perMs: MINUTE_MS };
}

function keysOf({ allowances, site }: Lane): readonly AllowanceKey[] {
  return [site.key, ...allowances];
}

function costOf({ recipients }: Group): Cost {
  return { messages: 1, recipients: recipients.length };
}
