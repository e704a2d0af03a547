/**
 * The sink in a process of its own, so that it does not take turns with the load driver.
 *
 * We ask over the IPC channel, and it answers: the port, that a number is reached, what was
 * found. When we are gone, so is it.
 */
import { createPattern } from '../message.ts';
import { SinkRecord, createSink } from './sink-server.ts';
import type { Findings } from './arrival.ts';

/** What the sink is asked. */
export type SinkQuestion =
  | { readonly kind: 'taken' }
  | { readonly kind: 'check'; readonly run: string };

/** What it answers; `listening` comes unasked, at first. */
export type SinkAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'taken'; readonly messages: number }
  | { readonly kind: 'found'; readonly findings: Findings };

/** Runs a sink in this process, which was forked for it. */
export function serveSink(messageBytes: number): void {
  const record = new SinkRecord(createPattern(messageBytes));
  const answer = (message: SinkAnswer): void => {
    process.send?.(message);
  };
  const server = createSink(record);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address === 'object' && address) answer({ kind: 'listening', port: address.port });
  });
  process.on('message', (question: SinkQuestion) => {
    if (question.kind === 'taken') answer({ kind: 'taken', messages: record.taken });
    else answer({ kind: 'found', findings: record.check(question.run) });
  });
  process.once('disconnect', () => process.exit());
}
