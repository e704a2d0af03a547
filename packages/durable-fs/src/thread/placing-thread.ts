/**
 * The entry of the thread that puts files in their places (`createThreadedPlacer`).
 *
 * It takes jobs in lists and works on all of them at the same time; the reports of one turn
 * of its event loop go back as one list. Directory syncs are grouped as everywhere.
 */
import { parentPort } from 'node:worker_threads';
import { createDirectorySync } from '../directory-sync.ts';
import { durableFsErrorFrom } from '../error.ts';
import { placeFile } from '../place-file.ts';
import type { Placement } from '../place-file.ts';
import type { Job, Report, SentError } from './jobs.ts';
import { plainFileSystem } from './plain-file-system.ts';

// Files come in heaps: those of one share the sync of their directory, which must not take
// longer than the syncs of the files beside it.
const directories = createDirectorySync(plainFileSystem, { gathersTurns: true, maxAtOnce: 2 });
const disk = { fileSystem: plainFileSystem, directories };
let reports: Report[] = [];

if (parentPort === null) throw new Error('this file is the entry of a thread');
const port = parentPort;
port.on('message', (jobs: readonly Job[]) => {
  for (const job of jobs) void run(job);
});

async function run({ number, file }: Job): Promise<void> {
  const placement = await placeFile(disk, file);
  // It was handed over whole; the collector would find it by marking the whole heap.
  if (file.bytes?.buffer instanceof ArrayBuffer) file.bytes.buffer.transfer(0);
  if (reports.length === 0) setImmediate(report);
  reports.push({ number, placement: sendable(placement) });
}

function report(): void {
  port.postMessage(reports);
  reports = [];
}

function sendable(placement: Placement): Report['placement'] {
  if (placement.kind === 'placed') return placement;
  return { ...placement, error: sendableError(placement.error, placement) };
}

function sendableError(thrown: unknown, { kind: operation }: Placement): SentError {
  // What is no fault of the disk is a mistake of ours, and nothing is known of the disk.
  const error = durableFsErrorFrom(thrown, { operation, path: '' });
  return { kind: error.kind, operation: error.operation, path: error.path, reason: error.reason };
}
