/**
 * Writes down how attempts ended: outcomes become one atomic unit of changes, events
 * and notifications, which is offered to the store until it takes it.
 *
 * A unit that is `stale` is tried recipient by recipient, so that one lost lease
 * does not cost the others their end. While the store fails, the ends wait here,
 * still under lease; `giveUp` says that there is no more time, and then what was not
 * written is as if we had died in the attempt.
 */
import { contentFrom, contentOf } from '@posthouse/mail';
import type { Clock, Logger, MailContent, RecipientOutcome } from '@posthouse/mail';
import type { ContentCache } from './content-cache.ts';
import { leasedKey } from './group.ts';
import type { Group, LeasedRecipient } from './group.ts';
import { makeNotifications } from './notification.ts';
import type { Notifications } from './notification.ts';
import type { ResolvedOptions } from './options.ts';
import type { RetrySchedule } from './retry-schedule.ts';
import type { RoutePlanner } from './route.ts';
import { StoreError } from './store.ts';
import type { Conclusion, ConclusionResult, RecipientChange, Store } from './store.ts';
import { untoldOf, verdictOf } from './verdict.ts';
import type { Verdict, VerdictRules } from './verdict.ts';

export interface RecorderDeps {
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly schedule: RetrySchedule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cache: ContentCache;
  readonly random: () => number;
  readonly options: ResolvedOptions;
}

/** What was written. */
export interface Recorded {
  /** Somebody left the queue or was told something: there may be more like it behind. */
  readonly news: boolean;
}

/** What an outcome means for a recipient. */
interface Decided {
  readonly recipient: LeasedRecipient;
  readonly verdict: Verdict;
}

const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #pauses = new Set<() => void>();
  #givenUp = false;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /** Reads the group's message, from memory where it was just accepted. */
  contentOf(group: Group): MailContent {
    const { message } = group;
    const bytes = this.#deps.cache.get(group);
    if (bytes !== undefined) return contentOf(bytes, message.prefix);
    const { store } = this.#deps;
    return contentFrom(message.sizeBytes, () => store.open(message.id), message.prefix);
  }

  /** Writes the end of an attempt, or of a wait that no attempt was made in. Never rejects. */
  async record(
    group: Group,
    outcomes: readonly RecipientOutcome[],
    attempted: boolean,
  ): Promise<Recorded> {
    const rules = this.#rulesFor(group, attempted);
    const decided = group.recipients.flatMap((recipient, place): readonly Decided[] => {
      const outcome = outcomes[place];
      if (outcome === undefined) return [];
      return [{ recipient, verdict: verdictOf(recipient, outcome, rules) }];
    });
    const isNews = decided.some(({ verdict }) => verdict.fate !== undefined);
    const { unit, news } = isNews
      ? await this.#unitWithNews(group, decided, rules)
      : { unit: unitOf(decided.map(({ verdict }) => verdict)), news: false };
    const result = await this.#conclude(unit, group);
    if (result === 'stale') await this.#recordSingly(group, outcomes, attempted);
    return { news };
  }

  /** Ends leases under which nothing was attempted. Never rejects. */
  async giveBack(group: Group, dueAt: number): Promise<void> {
    const changes = group.recipients.map((recipient): RecipientChange => {
      const { lane, site, lastReason, lastReply, delayTold } = recipient;
      return {
        ...leasedKey(recipient),
        kind: 'again',
        dueAt,
        lane,
        site,
        ...(lastReason === undefined ? {} : { lastReason }),
        ...(lastReply === undefined ? {} : { lastReply }),
        delayTold,
        counts: false,
      };
    });
    const result = await this.#conclude({ changes, events: [], messages: [] }, group);
    if (result !== 'stale' || group.recipients.length === 1) return;
    await Promise.all(
      group.recipients.map((each) => this.giveBack({ ...group, recipients: [each] }, dueAt)),
    );
  }

  /** Each end that waits for the store gets one more try, and then no more. */
  giveUp(): void {
    this.#givenUp = true;
    for (const wake of this.#pauses) wake();
  }

  async #recordSingly(
    group: Group,
    outcomes: readonly RecipientOutcome[],
    attempted: boolean,
  ): Promise<void> {
    const { logger } = this.#deps;
    if (group.recipients.length === 1) {
      logger.warn(
        { event: 'lease-lost', queueId: group.message.id, outcome: outcomes[0]?.kind },
        'The end of an attempt came after its lease, and is not recorded',
      );
      return;
    }
    await Promise.all(
      group.recipients.map((recipient, place) =>
        this.record(
          { ...group, recipients: [recipient] },
          outcomes.slice(place, place + 1),
          attempted,
        ),
      ),
    );
  }

  #rulesFor({ message }: Group, attempted: boolean): VerdictRules {
    const { planner, schedule, clock, random, options } = this.#deps;
    return {
      now: clock.now(),
      acceptedAt: message.acceptedAt,
      schedule,
      random: random(),
      plan: ({ forwardPath }) => planner.plan(forwardPath, message),
      delayAfterMs: options.notifications.delayAfterMs,
      attempted,
    };
  }

  /** The unit, with notifications of what authors are to be told. */
  async #unitWithNews(
    group: Group,
    decided: readonly Decided[],
    rules: VerdictRules,
  ): Promise<{ readonly unit: Conclusion; readonly news: boolean }> {
    const { planner, logger, options } = this.#deps;
    const { message } = group;
    const news = decided.flatMap(({ recipient: { index }, verdict: { fate } }) =>
      fate === undefined ? [] : { index, fate },
    );
    try {
      const notifications = await makeNotifications(
        { message, content: this.contentOf(group), news, now: rules.now },
        { hostname: options.hostname, options: options.notifications, planner, logger },
      );
      const verdicts = decided.map(({ verdict }) => verdict);
      return { unit: unitOf(verdicts, notifications), news: true };
    } catch (error) {
      logger.error(
        { event: 'notification-failed', queueId: message.id, err: error },
        'A notification could not be made',
      );
      const untold = decided.map(({ recipient, verdict }) => untoldOf(recipient, verdict, rules));
      return { unit: unitOf(untold), news: false };
    }
  }

  async #conclude(unit: Conclusion, group: Group): Promise<ConclusionResult | 'unwritten'> {
    const { store, logger } = this.#deps;
    let inDoubt = false;
    for (let waitMs = MIN_RETRY_MS; ; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
      const last = this.#givenUp;
      try {
        const [result = 'done'] = await store.conclude([unit]);
        // After a commit in doubt, stale says that it was done.
        return inDoubt ? 'done' : result;
      } catch (error) {
        inDoubt ||= error instanceof StoreError && error.kind === 'in-doubt';
        logger.error(
          { event: 'conclude-failed', queueId: group.message.id, err: error },
          'The end of an attempt could not be written yet',
        );
        if (last) return 'unwritten';
      }
      await this.#pause(waitMs);
    }
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#givenUp) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#deps.clock.after(delayMs, resolve);
    this.#pauses.add(resolve);
    await promise;
    this.#pauses.delete(resolve);
    timer.cancel();
  }
}

/** The unit that writes verdicts down. */
function unitOf(verdicts: readonly Verdict[], notifications?: Notifications): Conclusion {
  return {
    changes: verdicts.map(({ change }) => change),
    events: [...verdicts.flatMap(({ event }) => event ?? []), ...(notifications?.events ?? [])],
    messages: notifications?.messages ?? [],
  };
}
