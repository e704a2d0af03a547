/** A queue with everything around it that a test wants to see or to move. */
import { silentLogger } from '@posthouse/mail';
import type { Clock, MailTransaction, RcptParams, RecipientOutcome } from '@posthouse/mail';
import { contentOf, enhancedStatus, NO_PARAMS, parseReversePath, pour } from '@posthouse/mail';
import { createManualClock, domain, mailbox, testContext } from '@posthouse/testkit';
import type { ManualClock } from '@posthouse/testkit';
import { createMemoryStore } from '../src/memory/memory-store.ts';
import { createQueue } from '../src/index.ts';
import type {
  Attempt,
  Queue,
  QueueDeps,
  QueueEvent,
  QueueOptions,
  RoutePlanner,
  Store,
  Transmitter,
} from '../src/index.ts';

export const DELIVERED: RecipientOutcome = { kind: 'delivered', status: enhancedStatus(2, 0, 0) };

/** What a scripted transmitter says of each recipient. */
export type Script = (
  address: string,
  attempt: Attempt,
) => RecipientOutcome | Promise<RecipientOutcome>;

export interface QueueUnderTest {
  readonly queue: Queue;
  readonly store: Store;
  readonly clock: ManualClock;
  /** Every attempt, in the order in which they began. */
  readonly attempts: readonly SeenAttempt[];
  stop(): Promise<void>;
}

export interface SeenAttempt {
  readonly at: number;
  readonly addresses: readonly string[];
  readonly repeat: boolean | undefined;
  readonly attempt: Attempt;
}

/** Every domain is a lane and a site of its own. */
export const planByDomain: RoutePlanner = {
  plan: ({ domain: name }) => ({ lane: name, site: name }),
};

export interface Setting extends Omit<Partial<QueueOptions>, 'hostname'> {
  readonly script?: Script;
  readonly deps?: Partial<QueueDeps>;
}

/** A started queue on a manual clock; without a script everything is delivered. */
export async function startQueue({
  script = () => DELIVERED,
  deps = {},
  ...options
}: Setting = {}): Promise<QueueUnderTest> {
  const clock = createManualClock();
  const store = deps.store ?? createMemoryStore();
  await store.start();
  const attempts: SeenAttempt[] = [];
  const queue = createQueue(
    { hostname: domain('mx.example.test'), ...options },
    {
      store,
      planner: planByDomain,
      transmitter: scriptedTransmitter(script, attempts, clock),
      clock,
      logger: silentLogger,
      random: () => 0.5,
      ...deps,
    },
  );
  await queue.start();
  return {
    queue,
    store,
    clock: deps.clock === undefined ? clock : createManualClock(),
    attempts,
    stop: async () => {
      await queue.stop();
      await store.stop();
    },
  };
}

export function scriptedTransmitter(
  script: Script,
  attempts: SeenAttempt[],
  clock: Clock,
): Transmitter {
  return {
    transmit: async (attempt) => {
      const addresses = attempt.recipients.map(
        ({ forwardPath }) => `${forwardPath.localPart}@${forwardPath.domain}`,
      );
      const repeat = attempt.context.delivery?.repeat;
      attempts.push({ at: clock.now(), addresses, repeat, attempt });
      return Promise.all(addresses.map((address) => script(address, attempt)));
    },
  };
}

export interface Sample {
  readonly from?: string;
  readonly to: readonly (string | { readonly address: string; readonly params: RcptParams })[];
  readonly content?: string;
  readonly params?: Parameters<Queue['begin']>[1];
}

export const MESSAGE =
  'From: <alice@example.test>\r\nMessage-ID: <one@example.test>\r\n\r\nHello\r\n';

/** Submits a message and waits until it is accepted. @returns its queue id */
export async function submit(queue: Queue, sample: Sample): Promise<MailTransaction['id']> {
  const reversePath = parseReversePath(`<${sample.from ?? 'alice@example.test'}>`);
  if (reversePath === undefined) throw new TypeError(`no path: ${sample.from}`);
  const transaction = queue.begin(reversePath, sample.params ?? NO_PARAMS, testContext());
  await transaction.opened;
  for (const to of sample.to) {
    const { address, params } = typeof to === 'string' ? { address: to, params: NO_PARAMS } : to;
    await transaction.recipient(mailbox(address), params);
  }
  const content = contentOf(Buffer.from(sample.content ?? MESSAGE));
  await pour(content, transaction.stage(Buffer.from('Received: by test\r\n')));
  await transaction.commit();
  return transaction.id;
}

/** Lets everything run that is ready. */
export function settle(clock: ManualClock): Promise<void> {
  return clock.advance(0);
}

/** The kinds of all events, in order. */
export async function eventKinds(store: Store): Promise<readonly QueueEvent['kind'][]> {
  const { events } = await store.events(undefined, 10_000);
  return events.map(({ kind }) => kind);
}

export const MINUTE = 60_000;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;
