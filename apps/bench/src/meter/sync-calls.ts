/**
 * Counts the sync calls of a subject by running it under strace.
 *
 * Only the calls that are counted are stopped at (seccomp filter); the others run at speed.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

const CALLS = 'fsync,fdatasync,sync_file_range,syncfs,sync';

/** Why syncs cannot be counted here; undefined where they can. */
export function tracingObstacle(): string | undefined {
  return existsSync('/usr/bin/strace')
    ? undefined
    : 'strace is not installed: apt-get install strace';
}

/** The command to run a subject under, which writes a line for each sync call to `file`. */
export function tracing(file: string): readonly string[] {
  return ['strace', '-f', '--seccomp-bpf', '-qq', '-o', file, '-e', `trace=${CALLS}`];
}

/** Sync calls so far. */
export async function countSyncs(file: string): Promise<number> {
  const lines = (await readFile(file, 'latin1')).split('\n');
  // A call that another thread interrupts has a second line, which says "resumed".
  return lines.filter((line) => /^\d+ +f?(?:data)?sync[a-z_]*\(/.test(line)).length;
}
