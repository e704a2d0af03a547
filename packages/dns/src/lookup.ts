/**
 * A lookup: from a name and a type to a finding, by way of the cache.
 *
 * At most one lookup of a name and type is under way; whoever asks meanwhile gets
 * its result. A caller that gives up leaves it running for the others and for the
 * cache; it ends by itself within the deadline. Where a stale answer is at hand,
 * it is given when the servers fail, when they failed just now, or when they take
 * long. A stale answer stays as secure as it was: otherwise silencing the servers
 * would be a way to turn DANE off.
 *
 * RFC 8767 §5, RFC 1034 §3.6.2.
 */
import type { Clock, Logger } from '@posthouse/mail';
import type { Asker } from './ask.ts';
import { Cache } from './cache.ts';
import type { Finding } from './cache.ts';
import { MAX_ALIASES, readStep } from './chain.ts';
import { DnsError } from './error.ts';
import type { ResolvedOptions } from './options.ts';
import type { Question } from './packet.ts';
import { Permits } from './permits.ts';

/** What lookups work with. */
export interface LookupDeps {
  readonly ask: Asker;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The lookups of one resolver. */
export class Lookups {
  readonly #options: ResolvedOptions;
  readonly #deps: LookupDeps;
  readonly #cache: Cache;
  readonly #permits: Permits;
  readonly #underWay = new Map<string, Promise<Finding>>();
  readonly #stopped = new AbortController();

  constructor(options: ResolvedOptions, deps: LookupDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#cache = new Cache(options);
    this.#permits = new Permits(options.maxConcurrent);
  }

  /** Finds out. @throws DnsError, or the signal's reason */
  async find(question: Question, signal?: AbortSignal): Promise<Finding> {
    signal?.throwIfAborted();
    const key = `${question.type} ${question.name}`;
    const { fresh, stale, failure } = this.#cache.recall(key, this.#deps.clock.now());
    if (fresh !== undefined) return fresh;
    if (failure !== undefined) {
      if (stale !== undefined) return stale;
      throw new DnsError(failure.kind, failure.message, failure);
    }
    const found = this.#underWay.get(key) ?? this.#begin(key, question);
    const answer = stale === undefined ? found : this.#orStale(found, stale, question);
    return signal === undefined ? answer : orAborted(answer, signal);
  }

  /** Ends everything under way, and waits for it. */
  async stop(): Promise<void> {
    this.#stopped.abort(new DnsError('stopped', 'the resolver was stopped'));
    await Promise.allSettled(this.#underWay.values());
    this.#cache.clear();
  }

  #begin(key: string, question: Question): Promise<Finding> {
    const found = this.#findOut(question)
      .then(
        (finding) => {
          this.#cache.learn(key, finding, this.#deps.clock.now());
          return finding;
        },
        (thrown: unknown) => {
          if (thrown instanceof DnsError && thrown.kind !== 'stopped') {
            this.#cache.fail(key, thrown, this.#deps.clock.now());
          }
          throw thrown;
        },
      )
      .finally(() => this.#underWay.delete(key));
    found.catch(() => undefined); // all callers may have left
    this.#underWay.set(key, found);
    return found;
  }

  async #findOut(question: Question): Promise<Finding> {
    const deadline = new AbortController();
    const timer = this.#deps.clock.after(this.#options.deadlineMs, () => {
      const text = `${question.type} of ${question.name}: no answer in time`;
      deadline.abort(new DnsError('timeout', text));
    });
    const signal = AbortSignal.any([this.#stopped.signal, deadline.signal]);
    try {
      return await this.#permits.run(() => followAliases(question, this.#deps.ask, signal), signal);
    } finally {
      timer.cancel();
    }
  }

  async #orStale(found: Promise<Finding>, stale: Finding, question: Question): Promise<Finding> {
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#deps.clock.after(this.#options.staleAnswerAfterMs, () =>
      resolve(undefined),
    );
    try {
      const finding = await Promise.race([found, late]);
      if (finding !== undefined) return finding;
    } catch (thrown) {
      if (!(thrown instanceof DnsError) || thrown.kind === 'stopped') throw thrown;
    } finally {
      timer.cancel();
    }
    this.#deps.logger.warn(
      { event: 'dns-stale-answer', name: question.name, type: question.type },
      'no DNS server answers, an answer past its time is used',
    );
    return stale;
  }
}

/** Asks on where an alias leads out of a response. */
async function followAliases(
  question: Question,
  ask: Asker,
  signal: AbortSignal,
): Promise<Finding> {
  let { name } = question;
  let ttlMs = Number.POSITIVE_INFINITY;
  let secure = true;
  let sizeBytes = 0;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const useful = await ask({ name, type: question.type }, signal);
    const step = readStep({ name, type: question.type }, useful.response);
    secure &&= useful.secure;
    sizeBytes += useful.response.sizeBytes;
    name = step.name;
    if (step.kind === 'circle') break;
    ttlMs = Math.min(ttlMs, step.ttlMs);
    if (step.kind === 'alias') continue;
    const records = step.kind === 'records' ? step.records : [];
    return { kind: step.kind, name, secure, records, ttlMs, sizeBytes };
  }
  const text = `${question.type} of ${question.name}: aliases lead in a circle or too far`;
  throw new DnsError('malformed', text);
}

/** The promise, unless the signal comes first. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
