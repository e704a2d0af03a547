/**
 * What a process and all its descendants have used, read from /proc (Linux).
 *
 * CPU includes children that have ended and were waited for. Memory is the proportional set
 * size, so that many processes of one program are not counted for the same pages; where it
 * may not be read, the resident set.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks per second of /proc: fixed at 100 on Linux. */
const TICKS = 100;
const SAMPLE_EVERY_MS = 250;

interface ProcessTimes {
  readonly parent: number;
  readonly seconds: number;
}

/** Measures one tree of processes. */
export interface TreeMeter {
  /** CPU seconds so far. */
  cpuSeconds(): number;
  /** Peak since the last call, in octets. */
  peakBytes(): number;
  stop(): void;
}

/** Begins to watch the memory of `root` and its descendants. */
export function watchTree(root: number): TreeMeter {
  let peak = 0;
  const sample = (): void => {
    const members = [...membersOf(root).keys()];
    peak = Math.max(
      peak,
      members.reduce((sum, pid) => sum + memoryOf(pid), 0),
    );
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  return {
    cpuSeconds: () => [...membersOf(root).values()].reduce((sum, { seconds }) => sum + seconds, 0),
    peakBytes() {
      sample();
      const highest = peak;
      peak = 0;
      return highest;
    },
    stop: () => clearInterval(timer),
  };
}

/** Memory of the tree now, in octets. */
export function treeBytes(root: number): number {
  return [...membersOf(root).keys()].reduce((sum, pid) => sum + memoryOf(pid), 0);
}

function membersOf(root: number): ReadonlyMap<number, ProcessTimes> {
  const all = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    const times = /^\d+$/.test(name) ? timesOf(name) : undefined;
    if (times !== undefined) all.set(Number(name), times);
  }
  const members = new Map<number, ProcessTimes>();
  for (const [pid, times] of all) {
    if (descendsFrom(root, pid, all)) members.set(pid, times);
  }
  return members;
}

function descendsFrom(root: number, pid: number, all: ReadonlyMap<number, ProcessTimes>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = all.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}

function timesOf(pid: string): ProcessTimes | undefined {
  const text = readText(`/proc/${pid}/stat`);
  // The name in brackets may hold spaces; fields are counted from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20) return undefined;
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), seconds: ticks / TICKS };
}

function memoryOf(pid: number): number {
  const kilobytes =
    /^Pss: +(\d+)/m.exec(readText(`/proc/${pid}/smaps_rollup`)) ??
    /^VmRSS:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`));
  return Number(kilobytes?.[1] ?? 0) * 1024;
}

/** Processes end while they are looked at. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
