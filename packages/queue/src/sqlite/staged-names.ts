/**
 * Adopted files that no message has yet: staged here, and accepted or discarded one day.
 *
 * Only a file that is nobody's may be discarded. From the call of `accept` on it may be the
 * message's; if that fails for certain it is nobody's again, if it was ever in doubt it is left
 * to the look for orphans at the next start.
 */
import { StoreError } from '../store.ts';
import type { NewMessage } from '../store.ts';
import type { StagedFiles } from './content-stage.ts';

export class StagedNames implements StagedFiles {
  readonly #free = new Set<string>();
  readonly #inDoubt = new Set<string>();

  add(name: string): void {
    this.#free.add(name);
  }

  delete(name: string): boolean {
    return this.#free.delete(name);
  }

  /** Runs an accept of these messages. @throws StoreError where a file was not staged here */
  handOver<T>(messages: readonly NewMessage[], accept: () => Promise<T>): Promise<T> {
    const names = messages.flatMap(({ message: { content } }) =>
      content.kind === 'adopted' ? [content.name] : [],
    );
    return names.length === 0 ? accept() : this.#handOver(names, accept);
  }

  async #handOver<T>(names: readonly string[], accept: () => Promise<T>): Promise<T> {
    for (const name of names) {
      if (this.#free.has(name) || this.#inDoubt.has(name)) continue;
      throw new StoreError('unavailable', `the content ${name} was not staged here`);
    }
    for (const name of names) this.#free.delete(name);
    try {
      const result = await accept();
      for (const name of names) this.#inDoubt.delete(name);
      return result;
    } catch (error) {
      const isInDoubt = error instanceof StoreError && error.kind === 'in-doubt';
      for (const name of names) {
        if (isInDoubt) this.#inDoubt.add(name);
        // What was in doubt before stays so: an earlier call may have been done after all.
        else if (!this.#inDoubt.has(name)) this.#free.add(name);
      }
      throw error;
    }
  }
}
