/** Where a message comes from that a program of this host has written: from nowhere but here. */
import { newTraceId } from './identifiers.ts';
import type { TransferContext } from './context.ts';

/** The context of a message that nobody brought: its author, or a local program, hands it over here. */
export function localContext(now: number): TransferContext {
  return {
    protocol: 'local',
    peer: { address: 'local' },
    greeting: '',
    arrivedAt: now,
    traceId: newTraceId(),
  };
}
