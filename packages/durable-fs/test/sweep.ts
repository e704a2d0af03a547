/**
 * A disk for one trial (faults over a forgetful file system), and sweeps that repeat a
 * trial with the fault at the first call, the second, and so on past the last.
 */
import { createDisk } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { createFaultyFileSystem, createVolatileFileSystem } from '@posthouse/durable-fs/testing';
import type { Fault, FaultyFileSystem, VolatileFileSystem } from '@posthouse/durable-fs/testing';

export interface Trial {
  readonly volatile: VolatileFileSystem;
  readonly faulty: FaultyFileSystem;
  readonly disk: Disk;
}

/** A new disk with nothing on it. */
export function newTrial(): Trial {
  const volatile = createVolatileFileSystem();
  const faulty = createFaultyFileSystem(volatile);
  return { volatile, faulty, disk: createDisk(faulty) };
}

export interface SweepSteps {
  /** Before the fault is armed, on a disk of its own that is well. */
  readonly prepare?: (disk: Disk) => Promise<void>;
  readonly act: (disk: Disk) => Promise<unknown>;
  /** `error` is what `act` threw, or undefined where it came through. */
  readonly check: (trial: Trial, error: unknown) => Promise<void> | void;
}

/** Runs the trial once for every call that it makes, with the fault at that call. Resolves with their number. */
export async function sweep(fault: Fault, steps: SweepSteps): Promise<number> {
  for (let at = 1; ; at += 1) {
    const trial = newTrial();
    await steps.prepare?.(createDisk(trial.volatile));
    const injected = trial.faulty.inject({ fault, at });
    const error = await steps.act(trial.disk).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (injected.hits === 0) return at - 1;
    await steps.check(trial, error);
  }
}

/** Present files as text, by absolute path. */
export function texts(volatile: VolatileFileSystem): Record<string, string> {
  const files = [...volatile.files()].map(([path, bytes]) => [path, text(bytes)] as const);
  return Object.fromEntries(files);
}

/** Present files without those that have a temporary name. */
export function finished(volatile: VolatileFileSystem): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts(volatile)).filter(([path]) => !path.includes('/.tmp.')),
  );
}

/** The calls made, as `operation name`, temporary names as `temporary`. */
export function callLines(faulty: FaultyFileSystem): readonly string[] {
  return faulty.calls.map(({ operation, path, to }) =>
    [operation, path, to]
      .filter((word) => word !== undefined)
      .map((word) => word.replace(/\.tmp\..*$/, 'temporary'))
      .join(' '),
  );
}

export function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export function text(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}
