/**
 * Keeps what was learnt of the pace over a restart: reads the notes at the start, and writes what
 * has changed a few seconds later, many changes at once.
 *
 * A crash forgets the last few seconds. A store that cannot be written is only logged: what is not
 * noted now is noted with the next change.
 */
import type { Clock, Logger, Timer } from '@posthouse/mail';
import type { Pacing } from './pacing.ts';
import type { Store } from './store.ts';

export interface NoteKeeperDeps {
  readonly store: Pick<Store, 'note' | 'notes'>;
  readonly pacing: Pacing;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DELAY_MS = 10_000;

export class NoteKeeper {
  readonly #deps: NoteKeeperDeps;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #running = false;

  constructor(deps: NoteKeeperDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#deps.pacing.restore(await this.#deps.store.notes());
    this.#running = true;
  }

  /** Something may have changed. Cheap. */
  poke(): void {
    if (!this.#running || this.#timer !== undefined || !this.#deps.pacing.hasNews) return;
    this.#timer = this.#deps.clock.after(DELAY_MS, () => {
      this.#timer = undefined;
      this.#writing = this.#write();
    });
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    const { clock, logger, pacing, store } = this.#deps;
    const notes = pacing.takeNotes(clock.now());
    if (notes.length === 0) return;
    try {
      await store.note(notes);
    } catch (error) {
      logger.warn({ event: 'note-failed', err: error }, 'What was learnt could not be noted');
    }
  }
}
