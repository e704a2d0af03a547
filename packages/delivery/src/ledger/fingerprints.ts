/**
 * A set of delivery keys in 16 to 32 octets a key, however many there are.
 *
 * It keeps the first 64 bits of each, in a table with open addressing that doubles when
 * it is half full. That one of a million keys seems to be in the set though it is not
 * has odds of one in 10^13.
 */
import type { DeliveryKey } from './delivery-key.ts';

export interface Fingerprints {
  readonly size: number;
  add(key: DeliveryKey): void;
  has(key: DeliveryKey): boolean;
}

const INITIAL_SLOTS = 64;

export function createFingerprints(): Fingerprints {
  let size = 0;
  /** Two words a slot; both zero: free. */
  let table = new Uint32Array(2 * INITIAL_SLOTS);

  /** Where the fingerprint is in the table, or would be. */
  function slotOf(high: number, low: number): number {
    const mask = table.length / 2 - 1;
    let slot = low & mask;
    while (
      (table[2 * slot] !== high || table[2 * slot + 1] !== low) &&
      (table[2 * slot] !== 0 || table[2 * slot + 1] !== 0)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  function put(high: number, low: number): boolean {
    const slot = slotOf(high, low);
    const isNew = table[2 * slot] === 0 && table[2 * slot + 1] === 0;
    table[2 * slot] = high;
    table[2 * slot + 1] = low;
    return isNew;
  }

  function grow(): void {
    const before = table;
    table = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      const [high = 0, low = 0] = [before[at], before[at + 1]];
      if (high !== 0 || low !== 0) put(high, low);
    }
  }

  return {
    get size() {
      return size;
    },
    add(key) {
      const [high, low] = wordsOf(key);
      if (put(high, low)) size += 1;
      if (size > table.length / 4) grow();
    },
    has(key) {
      const [high, low] = wordsOf(key);
      const slot = slotOf(high, low);
      return table[2 * slot] === high && table[2 * slot + 1] === low;
    },
  };
}

/** Never both zero, which marks a free slot. */
function wordsOf(key: DeliveryKey): readonly [number, number] {
  const high = Number.parseInt(key.slice(0, 8), 16);
  const low = Number.parseInt(key.slice(8, 16), 16);
  return high === 0 && low === 0 ? [0, 1] : [high, low];
}
