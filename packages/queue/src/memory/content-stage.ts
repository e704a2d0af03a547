/** A stage that keeps its content in memory, whatever the size. Nothing can fail but writing after the end. */
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
      const pointer = { kind: 'inline', bytes } as const;
      return { pointer, sizeBytes: bytes.byteLength, release: () => undefined };
    },
    discard: async () => {
      chunks = [];
    },
  };
}
