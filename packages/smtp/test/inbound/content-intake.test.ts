import { describe, expect, it } from 'vitest';
import { refuse } from '@posthouse/mail';
import { ContentDecoder } from '../../src/inbound/content-decoder.ts';
import { ContentFlow } from '../../src/inbound/content-flow.ts';
import { ChunkIntake, DataIntake } from '../../src/inbound/content-intake.ts';
import type { Content } from '../../src/inbound/content-intake.ts';

/** Memory of its own, as a socket gives it. */
function chunkOf(text: string): Buffer {
  const chunk = Buffer.allocUnsafeSlow(text.length);
  chunk.write(text, 'latin1');
  return chunk;
}

function content(framing: 'dots' | 'octets', write: (chunk: Uint8Array) => Promise<void>): Content {
  const writer = { write, end: () => Promise.resolve() };
  return {
    decoder: new ContentDecoder({ framing, normalize: false }),
    flow: new ContentFlow({ writer, maxBytes: 1_000, abort: () => undefined }),
    refuseBare: true,
  };
}

const end = { ended: () => Promise.resolve(), cutOff: () => undefined };

describe('the memory of a chunk of mail data', () => {
  it('is given back once it is written, and not before', async () => {
    const gate = Promise.withResolvers<void>();
    const data = new DataIntake(
      content('dots', () => gate.promise),
      end,
    );
    const chunk = chunkOf('some text\r\n');
    const taken = data.take(chunk, 0);
    expect(chunk).toHaveLength(11);
    gate.resolve();
    expect(await taken).toBe(11);
    expect(chunk).toHaveLength(0);
  });

  it('is given back after BDAT as well, with a command in front of it', async () => {
    const bdat = new ChunkIntake(
      100,
      content('octets', () => Promise.resolve()),
      end.ended,
    );
    const chunk = chunkOf('BDAT 100\r\nsome text\r\n');
    expect(await bdat.take(chunk, 10)).toBe(11);
    expect(chunk).toHaveLength(0);
  });

  it('stays where something follows the content', async () => {
    const bdat = new ChunkIntake(
      4,
      content('octets', () => Promise.resolve()),
      end.ended,
    );
    const chunk = chunkOf('textQUIT\r\n');
    expect(await bdat.take(chunk, 0)).toBe(4);
    expect(chunk.toString('latin1', 4)).toBe('QUIT\r\n');
  });

  it('stays where its write failed: it may be under way still', async () => {
    const data = new DataIntake(
      content('dots', () => Promise.reject(refuse('insufficient-storage'))),
      end,
    );
    const chunk = chunkOf('some text\r\n');
    expect(await data.take(chunk, 0)).toBe(11);
    expect(chunk).toHaveLength(11);
  });

  it('stays where others have a part of it', async () => {
    const shared = chunkOf('some text\r\nof others');
    const data = new DataIntake(
      content('dots', () => Promise.resolve()),
      end,
    );
    expect(await data.take(shared.subarray(0, 11), 0)).toBe(11);
    expect(shared).toHaveLength(20);
  });
});
