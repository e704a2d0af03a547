/**
 * The shapes of sites, by site, with their notes. Bounded: of very many, the one that was learnt
 * first is forgotten.
 */
import { readNote } from './noted.ts';
import type { SiteKey } from './record.ts';
import { readShape } from './shape.ts';
import type { Shape } from './shape.ts';
import type { Note } from './store.ts';

const MAX_SHAPES = 5000;
const PREFIX = 'shape ';

export class Shapes {
  readonly #shapes = new Map<SiteKey, Shape>();
  readonly #changed = new Set<SiteKey>();

  of(site: SiteKey): Shape | undefined {
    return this.#shapes.get(site);
  }

  sites(): Iterable<SiteKey> {
    return this.#shapes.keys();
  }

  /** @param shape `undefined` where the site bears what others do */
  set(site: SiteKey, shape: Shape | undefined): void {
    if (shape === this.#shapes.get(site)) return;
    this.#shapes.delete(site);
    this.#changed.add(site);
    if (shape === undefined) return;
    this.#shapes.set(site, shape);
    const [first] = this.#shapes.keys();
    if (this.#shapes.size > MAX_SHAPES && first !== undefined) this.set(first, undefined);
  }

  get hasNews(): boolean {
    return this.#changed.size > 0;
  }

  /** What has changed since the last time; taken as asked. */
  takeNotes(): readonly Note[] {
    const notes = [...this.#changed].map((site): Note => {
      const shape = this.#shapes.get(site);
      return [PREFIX + site, shape === undefined ? null : JSON.stringify(shape)];
    });
    this.#changed.clear();
    return notes;
  }

  /** Takes notes of an earlier life; what cannot be read is forgotten. */
  restore(notes: ReadonlyMap<string, string>): void {
    for (const [name, value] of notes) {
      if (!name.startsWith(PREFIX)) continue;
      const site = name.slice(PREFIX.length);
      const shape = readNote(value, readShape);
      if (shape === undefined) this.#changed.add(site);
      else this.#shapes.set(site, shape);
    }
  }
}
