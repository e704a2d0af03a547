/**
 * Priorities as numbers, for the store's threads and for the event loop alike: it imports nothing
 * at run time, since a thread that runs from source knows no packages.
 */
import type { Priority } from '../record.ts';

/** The order in which priorities go: the lower goes first. */
export const PRIORITY_RANKS: Readonly<Record<Priority, number>> = {
  notification: 0,
  interactive: 1,
  bulk: 2,
};
