/**
 * What is under way, in no order: for things that come and go with every message.
 *
 * Not a Set or a Map: those make a new table every few changes, each old one refers to the
 * next, and one that the garbage collector has called old keeps all after it, and with them
 * every message since, until the next full collection. An array with its last item moved
 * into the gap leaves nothing behind (docs/performance.md).
 */

/** An item's place; it is how the item is taken out again. */
export interface Place<Item> {
  readonly item: Item;
  /** Below zero: it was taken out. */
  at: number;
}

/** A bag of items. */
export class Bag<Item> {
  readonly #places: Place<Item>[] = [];

  get size(): number {
    return this.#places.length;
  }

  add(item: Item): Place<Item> {
    const place = { item, at: this.#places.length };
    this.#places.push(place);
    return place;
  }

  /** Idempotent. */
  remove(place: Place<Item>): void {
    const { at } = place;
    if (at < 0) return;
    place.at = -1;
    const last = this.#places.pop();
    if (last === undefined || last === place) return;
    this.#places[at] = last;
    last.at = at;
  }

  /** What is in it now. */
  items(): readonly Item[] {
    return this.#places.map(({ item }) => item);
  }
}
