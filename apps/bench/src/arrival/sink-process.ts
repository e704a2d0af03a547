/**
 * The sink in a process of its own, so that it does not take turns with the load driver.
 *
 * We ask over the IPC channel, and it answers: the port, how many came, what was found. When
 * we are gone, so is it. A sink that is far away stands behind a line that delays.
 */
import { createPattern } from '../message.ts';
import { createDelayedLine } from './delayed-line.ts';
import type { Findings } from './arrival.ts';
import { SinkRecord } from './sink-record.ts';
import { createSink } from './sink-server.ts';

/** What the sink is asked. */
export type SinkQuestion =
  | { readonly kind: 'taken' }
  | { readonly kind: 'check'; readonly run: string };

/** How much came since the last check. */
export interface Taken {
  readonly kind: 'taken';
  readonly deliveries: number;
  /** When the first one came, by our `now`. */
  readonly firstAt?: number;
  /** Most connections that there ever were at a time. */
  readonly connections: number;
}

/** What it answers; `listening` comes unasked, at first. */
export type SinkAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | Taken
  | { readonly kind: 'found'; readonly findings: Findings };

/** Runs a sink in this process, which was forked for it: octets of a message, distance, port. */
export function serveSink([messageBytes = 0, roundTripMs = 0, port = 0]: readonly number[]): void {
  const record = new SinkRecord(createPattern(messageBytes));
  const answer = (message: SinkAnswer): void => {
    process.send?.(message);
  };
  const server = createSink(record);
  let [open, connections] = [0, 0];
  server.on('connection', (socket) => {
    open += 1;
    connections = Math.max(connections, open);
    socket.once('close', () => (open -= 1));
  });
  // All hosts of loopback are ours, so that each domain can have another.
  server.listen(roundTripMs === 0 ? port : 0, '0.0.0.0', () => {
    const own = portOf(server.address());
    if (roundTripMs === 0) answer({ kind: 'listening', port: own });
    else {
      const line = createDelayedLine(own, roundTripMs);
      line.listen(port, '0.0.0.0', () => {
        answer({ kind: 'listening', port: portOf(line.address()) });
      });
    }
  });
  process.on('message', (question: SinkQuestion) => {
    if (question.kind === 'check') answer({ kind: 'found', findings: record.check(question.run) });
    else {
      const { firstAt, taken: deliveries } = record;
      const first = firstAt === undefined ? {} : { firstAt };
      answer({ kind: 'taken', deliveries, connections, ...first });
    }
  });
  process.once('disconnect', () => process.exit());
}

function portOf(address: ReturnType<ReturnType<typeof createSink>['address']>): number {
  return typeof address === 'object' && address ? address.port : 0;
}
