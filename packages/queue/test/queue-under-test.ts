/** A queue with everything around it that a test wants to see or to move. */
import { silentLogger } from '@posthouse/mail';
import type { Clock, MailTransaction, RcptParams, RecipientOutcome } from '@posthouse/mail';
import {
  contentOf,
  createReply,
  enhancedStatus,
  NO_PARAMS,
  parseReversePath,
  pour,
  readContent,
} from '@posthouse/mail';
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

/** The host is there and takes nothing: 421, a refused connection, a time-out. */
export const HOST_DOWN: RecipientOutcome = {
  kind: 'delayed',
  status: enhancedStatus(4, 4, 1),
  reason: 'connection timed out',
  scope: 'host',
};
export const GREYLISTED: RecipientOutcome = {
  kind: 'delayed',
  status: enhancedStatus(4, 7, 1),
  reason: '451 4.7.1 greylisted, try later',
  reply: createReply(451, enhancedStatus(4, 7, 1), 'greylisted, try later'),
  host: { name: 'mx.example.net', address: '192.0.2.7' },
  scope: 'recipient',
};
export const NO_SUCH_USER: RecipientOutcome = {
  kind: 'failed',
  status: enhancedStatus(5, 1, 1),
  reason: '550 5.1.1 no such user',
  reply: createReply(550, enhancedStatus(5, 1, 1), 'no such user'),
  host: { name: 'mx.example.net', address: '192.0.2.7' },
  proof: 'peer-reply',
};
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
  readonly stop: () => Promise<void>;
}

export interface SeenAttempt {
  readonly at: number;
  readonly addresses: readonly string[];
  readonly repeat: boolean | undefined;
  readonly attempt: Attempt;
  /** The message as it was to be read then. */
  readonly text: Promise<string>;
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
      let stopped = false;
      const stopping = queue.stop().finally(() => {
        stopped = true;
      });
      while (!stopped) await clock.advance(1000);
      await stopping;
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
      const text = readContent(attempt.content, 10_000_000).then(String);
      text.catch(() => undefined); // who looks at it is told
      attempts.push({ at: clock.now(), addresses, repeat, attempt, text });
      return Promise.all(addresses.map(async (address) => script(address, attempt)));
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

/**
 * Submits a message and waits until it is accepted, with a clock for as long as that takes.
 * @returns its queue id
 */
export async function submit(
  queue: Queue,
  sample: Sample,
  clock?: ManualClock,
): Promise<MailTransaction['id']> {
  const reversePath = parseReversePath(`<${sample.from ?? 'alice@example.test'}>`); // '': the null path
  if (reversePath === undefined) throw new TypeError(`no path: ${sample.from}`);
  const transaction = queue.begin(reversePath, sample.params ?? NO_PARAMS, testContext());
  await transaction.opened;
  for (const to of sample.to) {
    const { address, params } = typeof to === 'string' ? { address: to, params: NO_PARAMS } : to;
    await transaction.recipient(mailbox(address), params);
  }
  const content = contentOf(Buffer.from(sample.content ?? MESSAGE));
  await pour(content, transaction.stage(Buffer.from('Received: by test\r\n')));
  let isAccepted = false;
  const accepting = transaction.commit().finally(() => {
    isAccepted = true;
  });
  accepting.catch(() => undefined); // thrown below
  await turn(); // what begins now has its end written at this very time of a manual clock
  while (!isAccepted && clock !== undefined) await clock.advance(1000);
  await accepting;
  return transaction.id;
}

/** Lets everything run that is ready, as often as is said. */
export async function turn(times = 1): Promise<void> {
  for (let n = 0; n < times; n++) await new Promise((resolve) => setImmediate(resolve));
}

/** The same, with the timers that are due. */
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
