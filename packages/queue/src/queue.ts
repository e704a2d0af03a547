/**
 * The queue: a receiver whose commit means "on disk", and the worker that carries
 * on from there.
 */
import type { Clock, Logger, MailContent, MailReceiver, Startable } from '@posthouse/mail';
import type { MailParams, ReversePath, TransferContext } from '@posthouse/mail';
import type { RoutePlanner } from './route.ts';
import type { Store } from './store.ts';
import type { RecipientRecord } from './record.ts';
import type { Transmitter } from './transmitter.ts';

/** Who and what an inspector may look at. */
export interface InspectedEnvelope {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  readonly context: TransferContext;
  readonly recipients: readonly Pick<RecipientRecord, 'forwardPath' | 'params'>[];
}

/** What a queue works with. The store is the owner's to start before and to stop after. */
export interface QueueDeps {
  readonly store: Store;
  readonly planner: RoutePlanner;
  readonly transmitter: Transmitter;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Looks at the whole message after it was staged and before it is accepted.
   * @returns further header fields, which go in front of all others; may be empty
   * @throws MailError the message is refused
   */
  readonly inspect?: (
    envelope: InspectedEnvelope,
    content: MailContent,
    signal: AbortSignal,
  ) => Promise<Uint8Array>;
  /** Free octets where the store lives; asked about once a second while mail comes in. */
  readonly freeDiskBytes?: () => Promise<number>;
  /** Chance for retry times, in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** What the queue is doing now. */
export interface QueueActivity {
  /** Attempts under way. */
  readonly attempts: number;
  /** Recipients under lease that wait for their turn. */
  readonly waiting: number;
  /** Lanes known in memory, and sites that rest. */
  readonly lanes: number;
  readonly restingSites: number;
}

/** A receiver that keeps its promise across crashes. */
export interface Queue extends MailReceiver, Startable {
  readonly results: 'all-or-nothing';
  activity(): QueueActivity;
}
