/**
 * Which run of the operating system this is.
 *
 * What a process wrote before it was killed is there for the next process of the same
 * run, synced or not; what it wrote before the machine went down may be gone. Where the
 * system does not name its runs, the moment of the boot stands for it. A wrong "not the
 * same" costs at most a second copy of a message, so doubt means that.
 */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** Clocks are adjusted; machines do not boot faster than this. */
const TOLERANCE_S = 5;

/** The name of the present run: one word. */
export function currentBoot(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return `~${Math.round(Date.now() / 1000 - uptime())}`; // no Linux
  }
}

/** Whether two names are of the same run. */
export function isSameBoot(a: string, b: string): boolean {
  if (a === b) return a !== '';
  if (!a.startsWith('~') || !b.startsWith('~')) return false;
  return Math.abs(Number(a.slice(1)) - Number(b.slice(1))) <= TOLERANCE_S;
}
