/**
 * What a process and all its descendants have used, read from /proc (Linux).
 *
 * CPU includes children that have ended and were waited for. The proportional set size does
 * not count many processes of one program for the same pages; where it may not be read, the
 * resident set stands for it. Peaks between two looks are not seen.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks per second of /proc: fixed at 100 on Linux. */
const TICKS = 100;
/** A look at the dozens of processes of a Postfix takes some 20 ms of CPU. */
const SAMPLE_EVERY_MS = 2000;
const NOTHING: TreeBytes = { proportional: 0, resident: 0 };

interface ProcessTimes {
  readonly parent: number;
  readonly seconds: number;
}

/** Memory of a tree, in octets. */
export interface TreeBytes {
  /** Shared pages are divided among those who share them (PSS). */
  readonly proportional: number;
  /** Every process counts all its pages (RSS). */
  readonly resident: number;
}

/** Measures one tree of processes. */
export interface TreeMeter {
  /** CPU seconds so far. */
  cpuSeconds(): number;
  /** Peaks since the last call. */
  peakBytes(): TreeBytes;
  stop(): void;
}

/** Begins to watch the memory of `root` and its descendants. */
export function watchTree(root: number): TreeMeter {
  let peak: TreeBytes = NOTHING;
  const sample = (): void => {
    const { proportional, resident } = treeBytes(root);
    peak = {
      proportional: Math.max(peak.proportional, proportional),
      resident: Math.max(peak.resident, resident),
    };
  };
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  return {
    cpuSeconds: () => [...membersOf(root).values()].reduce((sum, { seconds }) => sum + seconds, 0),
    peakBytes() {
      sample();
      const highest = peak;
      peak = NOTHING;
      return highest;
    },
    stop: () => clearInterval(timer),
  };
}

/** CPU seconds of one process so far; 0 where there is none. */
export function processSeconds(pid: number): number {
  return timesOf(String(pid))?.seconds ?? 0;
}

/** Memory of the tree now. */
export function treeBytes(root: number): TreeBytes {
  let [proportional, resident] = [0, 0];
  for (const pid of membersOf(root).keys()) {
    const own = residentOf(pid);
    resident += own;
    proportional += proportionalOf(pid) ?? own;
  }
  return { proportional, resident };
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

function proportionalOf(pid: number): number | undefined {
  const kilobytes = /^Pss: +(\d+)/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Processes end while they are looked at. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
