/**
 * What is learnt over time, kept in one small file.
 *
 * A change is on the disk within a minute, and at `stop`; what a crash takes with it is
 * learnt again. A file that cannot be read is told of and begun anew. While the disk fails,
 * memory goes on and each change tries the disk again.
 */
import { dirname } from 'node:path';
import { DurableFsError, readFile, replaceFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import type { Clock, Logger, Startable, Timer } from '@posthouse/mail';

const DELAY_MS = 60_000;
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** What is kept there. */
export interface StateContent {
  /** JSON values. */
  snapshot(): unknown;
  /** Takes what `snapshot` gave another time, as far as it can be read. */
  restore(value: unknown): void;
}

export interface StateFileDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A file that follows a content. */
export interface StateFile extends Startable {
  /** Says that the content is another one now. */
  changed(): void;
}

/** Makes the file's keeper; `start` restores. */
export function createStateFile(
  path: string,
  content: StateContent,
  deps: StateFileDeps,
): StateFile {
  const { clock, disk, logger } = deps;
  let timer: Timer | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    timer?.cancel();
    timer = undefined;
    try {
      await disk.directories.ensure(dirname(path), 0o700);
      await replaceFile(disk, path, Buffer.from(JSON.stringify(content.snapshot())));
    } catch (error) {
      logger.warn(
        { event: 'tls-state-unwritten', path, err: error },
        'What was learnt of TLS could not be kept',
      );
    }
  };

  return {
    async start() {
      try {
        const bytes = await readFile(disk, path, MAX_FILE_BYTES);
        content.restore(JSON.parse(Buffer.from(bytes).toString('utf8')));
      } catch (error) {
        if (error instanceof DurableFsError && error.kind === 'missing') return;
        logger.warn(
          { event: 'tls-state-unread', path, err: error },
          'What was learnt of TLS cannot be read and begins anew',
        );
      }
    },
    async stop() {
      if (timer !== undefined) writing = writing.then(write);
      await writing;
    },
    changed() {
      timer ??= clock.after(DELAY_MS, () => {
        writing = writing.then(write);
      });
    },
  };
}

/** A value as an object, for reading what may be anything. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

/** A value as a list, for reading what may be anything. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
