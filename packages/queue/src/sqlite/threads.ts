/**
 * The store's two threads, as one thing that is opened, called and closed.
 *
 * A thread that is lost is opened anew with the next call. A database that shows damage is
 * salvaged: meanwhile every call is refused as `damaged`, and afterwards all goes on with
 * what could be saved. If the salvage fails it stays that way until the next start.
 */
import { StoreError } from '../store.ts';
import type { Aftermath, CommitVerbs, Opened, ReadVerbs, SalvageReport } from './protocol.ts';
import { openLink, startThread } from './thread-link.ts';
import type { CallOptions, StartedThread, ThreadLink } from './thread-link.ts';

export interface ThreadsOptions {
  readonly directory: string;
  readonly synced: boolean;
}

/** Who is told of what nobody has asked for. */
export interface ThreadsListener {
  onAftermath(aftermath: Aftermath): void;
  onSalvage(report: SalvageReport): void;
  /** A salvage has failed: nothing works until the next start. */
  onSalvageFailed(error: unknown): void;
}

interface Pair {
  readonly commit: ThreadLink<CommitVerbs>;
  readonly read: ThreadLink<ReadVerbs>;
}

export class Threads {
  readonly #options: ThreadsOptions;
  readonly #listener: ThreadsListener;
  #pair: Pair | undefined;
  #opening: Promise<Pair> | undefined;
  #salvage: Promise<void> | undefined;
  #damaged: StoreError | undefined;

  constructor(options: ThreadsOptions, listener: ThreadsListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Opens both. @throws StoreError */
  async open(): Promise<void> {
    await this.#links();
  }

  /** @throws StoreError, at once where nothing can be called */
  commit<Name extends keyof CommitVerbs>(
    verb: Name,
    argument: Parameters<CommitVerbs[Name]>[0],
    options?: CallOptions,
  ): Promise<ReturnType<CommitVerbs[Name]>> {
    const pair = this.#links();
    return pair instanceof Promise
      ? pair.then(({ commit }) => commit.call(verb, argument, options))
      : pair.commit.call(verb, argument, options);
  }

  /** @throws StoreError, at once where nothing can be called */
  read<Name extends keyof ReadVerbs>(
    verb: Name,
    argument: Parameters<ReadVerbs[Name]>[0],
  ): Promise<ReturnType<ReadVerbs[Name]>> {
    const pair = this.#links();
    return pair instanceof Promise
      ? pair.then(({ read }) => read.call(verb, argument))
      : pair.read.call(verb, argument);
  }

  /** Resolves when a damaged database is saved as far as can be; at once where none is. */
  async salvaged(): Promise<void> {
    await this.#salvage;
  }

  /** Lets both finish what they were given. The last to close carries the log over. */
  async close(): Promise<void> {
    await this.#salvage;
    await this.#opening?.catch(() => undefined);
    await this.#pair?.read.close();
    await this.#pair?.commit.close();
    this.#damaged = undefined; // the next opening sees for itself
  }

  #links(): Pair | Promise<Pair> {
    if (this.#damaged !== undefined) throw this.#damaged;
    const pair = this.#pair;
    if (pair !== undefined && !pair.commit.isLost && !pair.read.isLost) return pair;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #reopen(): Promise<Pair> {
    await this.#pair?.read.close();
    await this.#pair?.commit.close();
    this.#pair = undefined;
    const reader = startThread('read-thread'); // it loads while the other one opens
    try {
      const { link: commit, opened } = await openLink<CommitVerbs>(startThread('commit-thread'), {
        settings: { ...this.#options, path: '' },
        lost: 'in-doubt',
        onAftermath: (aftermath) => this.#listener.onAftermath(aftermath),
        onFault: (error) => this.#watch(error),
      });
      this.#pair = { commit, read: await this.#openRead(reader, commit, opened) };
      this.#tell(opened);
      return this.#pair;
    } catch (error) {
      await reader.worker.terminate();
      throw error;
    }
  }

  /** Opens the read thread. Where that fails, the commit thread is not left behind. */
  async #openRead(
    thread: StartedThread,
    commit: Pair['commit'],
    { path = '' }: Opened,
  ): Promise<Pair['read']> {
    const settings = { ...this.#options, path };
    try {
      const onFault = (error: StoreError): void => this.#watch(error);
      return (await openLink<ReadVerbs>(thread, { settings, lost: 'unavailable', onFault })).link;
    } catch (error) {
      await commit.close();
      throw error;
    }
  }

  #watch({ kind }: StoreError): void {
    if (kind === 'damaged' && this.#pair !== undefined) this.#beginSalvage(this.#pair);
  }

  #beginSalvage(pair: Pair): void {
    if (this.#damaged !== undefined) return;
    this.#damaged = new StoreError(
      'damaged',
      'the queue is damaged; what is readable is saved now',
    );
    this.#salvage = this.#runSalvage(pair).catch((error: unknown) => {
      this.#listener.onSalvageFailed(error);
    });
  }

  async #runSalvage({ commit, read }: Pair): Promise<void> {
    await read.close();
    const opened = await commit.call('salvage', null);
    const reader = startThread('read-thread');
    this.#pair = { commit, read: await this.#openRead(reader, commit, opened) };
    this.#damaged = undefined;
    this.#tell(opened);
  }

  #tell({ usage, salvaged }: Opened): void {
    if (usage !== undefined) {
      this.#listener.onAftermath({ usage, orphans: [], due: true, events: true });
    }
    if (salvaged !== undefined) this.#listener.onSalvage(salvaged);
  }
}
