/** A stage that keeps its content in memory, whatever the size. Nothing can fail but writing after the end. */
import { createHash } from 'node:crypto';
import type { ContentStage } from '../store.ts';

export function createMemoryStage(): ContentStage {
  let chunks: Buffer[] = [];
  return {
    write: async (chunk) => {
      chunks.push(Buffer.from(chunk)); // a copy: the caller keeps the memory
    },
    end: async () => {
      const bytes = Buffer.concat(chunks);
      chunks = [];
      return {
        pointer: { kind: 'inline', bytes },
        sizeBytes: bytes.byteLength,
        digest: createHash('sha256').update(bytes).digest('hex'),
        release: () => undefined,
      };
    },
    discard: async () => {
      chunks = [];
    },
  };
}
