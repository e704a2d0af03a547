/** `[queue]`: the relay's durable store. */
import type { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';
import type { Surroundings } from './surroundings.ts';

export interface QueueConfiguration {
  /** `disk`: everything is synced before the 250. `memory`: gone when the process ends. @default 'disk' */
  readonly durability: 'disk' | 'memory';
  /** Absolute. @default queue, in the state directory */
  readonly directory: string;
  /** Above this much queued mail new mail is refused with 452. @default 50 GB */
  readonly maxQueuedBytes: number;
  /** Below this much room on the disk new mail is refused with 452. @default 100 MB */
  readonly minFreeBytes: number;
  /** Above this much memory of the process new mail is refused with 452. @default 1 GB */
  readonly maxMemoryBytes: number;
  /** How long mail for own mailboxes may take to be delivered before it is stored; 0: stored first. @default 1 s */
  readonly deliverFirstMs: number;
  /** How long the event log is kept. @default 30 days */
  readonly eventRetentionMs: number;
}

/** An idle process has about 75 MB: a limit below this would never let mail in. */
const MIN_MEMORY_BYTES = 200_000_000;

export function queueSection(around: Surroundings): z.ZodType<QueueConfiguration> {
  return strictTable({
    durability: field.withDefault(
      field.oneOf(
        'Where queued mail is kept: "memory" is for stacks that are thrown away.',
        'disk',
        'memory',
      ),
      'disk',
    ),
    directory: field
      .path(
        'Directory of the queue; "queue" in the state directory if not given.',
        'var/queue',
        around,
      )
      .optional(),
    max_size: field.withDefault(
      field.size('Above this much queued mail new mail is refused for now.', '50GB'),
      '50GB',
    ),
    min_free_space: field.withDefault(
      field.size('Below this much room on the disk new mail is refused for now.', '100MB'),
      '100MB',
    ),
    max_memory: field.withDefault(
      field.size(
        'Above this much memory of the process new mail is refused for now.',
        '1GB',
        MIN_MEMORY_BYTES,
      ),
      '1GB',
    ),
    deliver_first: field.withDefault(
      field.duration(
        'How long mail for own mailboxes may take to be delivered before it is stored: what is there by then needs no place in the queue. "0s": all mail is stored first.',
        '0s',
      ),
      '1s',
    ),
    event_retention: field.withDefault(
      field.duration('How long the log of deliveries is kept.', '30d'),
      '30d',
    ),
  }).transform((table) => ({
    durability: table.durability,
    directory: table.directory ?? around.state('queue'),
    maxQueuedBytes: table.max_size,
    minFreeBytes: table.min_free_space,
    maxMemoryBytes: table.max_memory,
    deliverFirstMs: table.deliver_first,
    eventRetentionMs: table.event_retention,
  }));
}
