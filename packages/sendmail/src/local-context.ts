/** Where a message comes from that a program of this host has written: from nowhere but here. */
import { newTraceId } from '@posthouse/mail';
import type { TransferContext } from '@posthouse/mail';

/** The context of a message that a local program brought. */
export function localContext(now: number): TransferContext {
  return {
    protocol: 'local',
    peer: { address: 'local' },
    greeting: '',
    arrivedAt: now,
    traceId: newTraceId(),
  };
}
