/** Doubles for tests: a file system that fails on request, and one that forgets what was not synced. */
export type { Fault, FaultRule, FileOperation, InjectedFault } from './fault.ts';
export { createFaultyFileSystem, ProcessStopped } from './faulty-fs.ts';
export type { FaultyFileSystem, RecordedCall } from './faulty-fs.ts';
export { createVolatileFileSystem } from './volatile-fs.ts';
export type { VolatileFileSystem } from './volatile-fs.ts';
