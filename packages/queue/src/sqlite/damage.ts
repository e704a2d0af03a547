/**
 * What a store reports when it has found damage, and has put the damaged thing aside.
 */
import type { QueueId } from '../record.ts';

export type DamageReport =
  /** The content of a message: the file is kept, its recipients are held. */
  | { readonly kind: 'content'; readonly message: QueueId; readonly reason: string }
  /** The record of a message: it is kept in the table `damaged`, and no longer in the queue. */
  | { readonly kind: 'record'; readonly message: QueueId; readonly reason: string }
  /** The database: what was readable is in a new one, the old one is kept. */
  | {
      readonly kind: 'database';
      readonly keptAt: string;
      readonly messages: number;
      /** Messages of which something is missing. */
      readonly lost: readonly string[];
    };
