/** How much of the whole machine's time nobody used, read from /proc/stat (Linux). */
import { readFileSync } from 'node:fs';

/** Time of all processors together since the machine began, in ticks. */
export interface MachineTime {
  readonly idle: number;
  readonly all: number;
}

/** Waiting for the disk is idle: somebody else could have computed. */
export function machineTime(): MachineTime {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const [idle = 0, waiting = 0] = ticks.slice(3);
  return { idle: idle + waiting, all: ticks.reduce((sum, each) => sum + each, 0) };
}

/** 0: all processors were busy all the time in between; 1: none was. */
export function idleShare(before: MachineTime, after: MachineTime): number {
  return (after.idle - before.idle) / (after.all - before.all);
}
