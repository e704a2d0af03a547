/**
 * How long a fresh Posthouse takes until it greets, and what it holds in memory when idle.
 *
 * From the start of its process to the 220 of the relay's port, configuration, certificate
 * and an empty queue included; the certificate is there from the second start on.
 */
import { join } from 'node:path';
import { treeBytes } from './meter/process-tree.ts';
import { posthouse } from './subject/posthouse.ts';
import { pause } from './subject/child.ts';

/** What was measured. */
export interface StartUp {
  /** Of each start, the first of them with a new state directory. */
  readonly listeningMs: readonly number[];
  /** Of each start, two seconds later. */
  readonly idleBytes: readonly number[];
}

const IDLE_MS = 2000;

/** Starts and stops it so many times. @throws Error */
export async function measureStartUp(directory: string, starts: number): Promise<StartUp> {
  const listeningMs: number[] = [];
  const idleBytes: number[] = [];
  for (let turn = 0; turn < starts; turn += 1) {
    const subject = await posthouse.start({ directory: join(directory, 'posthouse') });
    listeningMs.push(subject.startedInMs);
    await pause(IDLE_MS);
    idleBytes.push(treeBytes(subject.pid));
    await subject.stop();
  }
  return { listeningMs, idleBytes };
}
