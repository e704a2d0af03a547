import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { InputStream } from '../../src/inbound/input-stream.ts';
import type { StreamConsumer } from '../../src/inbound/intake.ts';

/** Takes one octet at a time, as `take` says. */
function consumer(parts: Partial<StreamConsumer>): StreamConsumer {
  return {
    arrived: () => undefined,
    take: () => 1,
    settled: () => undefined,
    ended: () => undefined,
    failed: () => undefined,
    ...parts,
  };
}

const write = (stream: InputStream, text: string): Promise<void> =>
  new Promise((resolve) => stream.write(text, () => resolve()));

describe('the input stream', () => {
  it('asks until the chunk is used up, and tells where it stands', async () => {
    const seen: string[] = [];
    const stream = new InputStream(() =>
      consumer({
        arrived: (octets) => void seen.push(`arrived ${octets}`),
        take: (chunk, at) => (seen.push(chunk.toString('latin1', at)), 2),
        settled: () => void seen.push('settled'),
      }),
    );
    await write(stream, 'abcd');
    expect(seen).toEqual(['arrived 4', 'abcd', 'cd', 'settled']);
  });

  it('takes nothing more while an intake or the client’s reading holds it', async () => {
    const gates = [Promise.withResolvers<number>(), Promise.withResolvers<void>()] as const;
    const seen: string[] = [];
    const stream = new InputStream(() =>
      consumer({
        take: (chunk) => (seen.push(chunk.toString()), gates[0].promise),
        settled: () => gates[1].promise,
      }),
    );
    const first = write(stream, 'a').then(() => seen.push('a is taken'));
    const second = write(stream, 'b').then(() => seen.push('b is taken'));
    await new Promise((resolve) => setImmediate(resolve));
    gates[0].resolve(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(['a']);
    gates[1].resolve();
    await Promise.all([first, second]);
    expect(seen.toSorted()).toEqual(['a', 'a is taken', 'b', 'b is taken']);
  });

  it('goes on when a client that read nothing is reset', async () => {
    const socket = new EventEmitter();
    // A socket tells its end with whether there was an error.
    const settled = (): Promise<void> =>
      new Promise((resolve) => void socket.once('close', resolve));
    const stream = new InputStream(() => consumer({ settled }));
    const written = write(stream, 'a');
    socket.emit('close', true);
    await written;
    expect(stream.errored).toBeNull();
  });

  it('gives way to others within a chunk full of commands', async () => {
    let taken = 0;
    const stream = new InputStream(() => consumer({ take: () => (taken++, 1) }));
    const written = write(stream, 'x'.repeat(1000));
    expect(taken).toBe(100);
    await written;
    expect(taken).toBe(1000);
  });

  it('drops what comes when it is closed', async () => {
    let taken = 0;
    const stream: InputStream = new InputStream(() =>
      consumer({
        take: () => {
          stream.isClosed = ++taken === 2;
          return 1;
        },
      }),
    );
    await write(stream, 'abcd');
    await write(stream, 'efgh');
    expect(taken).toBe(2);
  });

  it.each(['throws', 'rejects'])('closes, and says so, where an intake %s', async (how) => {
    const seen: unknown[] = [];
    const bug = new Error('bug');
    const stream = new InputStream(() =>
      consumer({
        take: () => {
          if (how === 'throws') throw bug;
          return Promise.reject(bug);
        },
        failed: (thrown) => void seen.push(thrown),
      }),
    );
    await write(stream, 'abcd');
    await write(stream, 'efgh');
    expect(seen).toEqual([bug]);
  });
});
