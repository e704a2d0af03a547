/**
 * A FileSystem over another one, in which chosen calls go wrong, and which remembers
 * every call in order.
 *
 * A call can fail with a code, write only a part, wait until it is let go, or be the
 * one at which the process dies: it and all later calls throw ProcessStopped, clean-up
 * included, so that what lies on the disk is what a crash leaves. A sweep over N of
 * "stop at the Nth call" visits every crash point of a function.
 */
import type { DirectoryEntry, FileSystem, OpenFile } from '../file-system.ts';
import { errnoFault } from './errno.ts';
import { createFaultRules } from './fault.ts';
import type { Fault, FaultRule, FileOperation, InjectedFault } from './fault.ts';

/** One call of the file system. `startedAt` and `endedAt` count on one scale over all calls. */
export interface RecordedCall {
  readonly operation: FileOperation;
  /** Of a rename or link, the old name. */
  readonly path: string;
  /** Of a rename or link, the new name. */
  readonly to: string | undefined;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly outcome: 'running' | 'done' | 'failed';
}

export interface FaultyFileSystem extends FileSystem {
  readonly calls: readonly RecordedCall[];
  inject(rule: FaultRule): InjectedFault;
}

/** Thrown by every call once the process is said to have died. No DurableFsError: nobody survives death. */
export class ProcessStopped extends Error {
  override readonly name = 'ProcessStopped';
}

/** Wraps a file system. Without rules it only remembers. */
export function createFaultyFileSystem(base: FileSystem): FaultyFileSystem {
  return new FaultyFs(base);
}

class FaultyFs implements FaultyFileSystem {
  readonly calls: { -readonly [Key in keyof RecordedCall]: RecordedCall[Key] }[] = [];
  readonly #base: FileSystem;
  readonly #rules = createFaultRules();
  readonly #open = new Set<OpenFile>();
  #ticks = 0;
  #stopped = false;

  constructor(base: FileSystem) {
    this.#base = base;
  }

  inject(rule: FaultRule): InjectedFault {
    return this.#rules.inject(rule);
  }

  open: FileSystem['open'] = (path, access, mode) =>
    this.#record('open', path, async () => {
      const file = await this.#base.open(path, access, mode);
      this.#open.add(file);
      return file;
    });

  read: FileSystem['read'] = (file, into, position) =>
    this.#record('read', file.path, () => this.#base.read(file, into, position));

  write: FileSystem['write'] = (file, bytes) =>
    this.#record('write', file.path, (fault) => this.#write(file, bytes, fault));

  sync: FileSystem['sync'] = (file) => this.#record('sync', file.path, () => this.#base.sync(file));

  close: FileSystem['close'] = (file) =>
    this.#record('close', file.path, () => this.#close(file)).finally(() => {
      if (this.#open.has(file)) void this.#close(file); // a close that fails lets go all the same
    });

  syncDirectory: FileSystem['syncDirectory'] = (path) =>
    this.#record('syncDirectory', path, () => this.#base.syncDirectory(path));

  rename: FileSystem['rename'] = (from, to) =>
    this.#record('rename', from, () => this.#base.rename(from, to), to);

  link: FileSystem['link'] = (existing, path) =>
    this.#record('link', existing, () => this.#base.link(existing, path), path);

  unlink: FileSystem['unlink'] = (path) =>
    this.#record('unlink', path, () => this.#base.unlink(path));

  mkdir: FileSystem['mkdir'] = (path, mode) =>
    this.#record('mkdir', path, () => this.#base.mkdir(path, mode));

  stat: FileSystem['stat'] = (path) => this.#record('stat', path, () => this.#base.stat(path));

  statfs: FileSystem['statfs'] = (path) =>
    this.#record('statfs', path, () => this.#base.statfs(path));

  async *list(path: string, batchSize: number): AsyncIterable<readonly DirectoryEntry[]> {
    await this.#record('list', path, () => Promise.resolve());
    yield* this.#base.list(path, batchSize);
  }

  async #record<T>(
    operation: FileOperation,
    path: string,
    run: (fault: Fault | undefined) => Promise<T>,
    to?: string,
  ): Promise<T> {
    const startedAt = this.#tick();
    const call = {
      operation,
      path,
      to,
      startedAt,
      endedAt: undefined,
      outcome: 'running' as const,
    };
    const index = this.calls.push(call) - 1;
    const end = (outcome: 'done' | 'failed'): void => {
      this.calls[index] = { ...call, endedAt: this.#tick(), outcome };
    };
    try {
      const result = await run(await this.#meet(operation, path, to));
      end('done');
      return result;
    } catch (error) {
      end('failed');
      throw error;
    }
  }

  /** What befalls a call before the base sees it. Resolves with the fault that a write has to act out. */
  async #meet(operation: FileOperation, path: string, to?: string): Promise<Fault | undefined> {
    if (this.#stopped) throw new ProcessStopped('the process has stopped');
    const struck = this.#rules.strike(operation, to === undefined ? [path] : [path, to]);
    if (struck === undefined) return undefined;
    const { fault } = struck;
    if (fault.kind === 'fail') throw errnoFault(fault.code, operation, to ?? path);
    if (fault.kind === 'stop' && fault.bytes === undefined) this.#stop(`${operation} ${path}`);
    if (fault.kind === 'delay') await struck.released;
    return fault;
  }

  async #write(file: OpenFile, bytes: Uint8Array, fault: Fault | undefined): Promise<number> {
    if (fault === undefined || !('bytes' in fault)) return this.#base.write(file, bytes);
    const part = bytes.subarray(0, fault.bytes);
    const count = part.byteLength === 0 ? 0 : await this.#base.write(file, part);
    if (fault.kind === 'stop') this.#stop(`write ${file.path}`);
    if (fault.kind === 'tear' && fault.code !== undefined) {
      throw errnoFault(fault.code, 'write', file.path);
    }
    return count;
  }

  async #close(file: OpenFile): Promise<void> {
    this.#open.delete(file);
    await this.#base.close(file);
  }

  #stop(where: string): never {
    this.#stopped = true;
    // What a dying process does: its descriptors close by themselves.
    for (const file of this.#open) this.#close(file).catch(() => undefined);
    throw new ProcessStopped(`stopped at ${where}`);
  }

  #tick(): number {
    this.#ticks += 1;
    return this.#ticks;
  }
}
