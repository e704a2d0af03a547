/** What stands in the database for a search key: computed by the commit thread for each message. */
import { hash } from 'node:crypto';

/** 48 bits of a search key: few enough to be exact as a number, and hardly ever the same for two. */
export function searchHash(key: string): number {
  return hash('sha256', key, 'buffer').readUIntBE(0, 6);
}
