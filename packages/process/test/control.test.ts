import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@posthouse/mail';
import { expect, onTestFinished, test } from 'vitest';
import { controlPlace } from '../src/control/place.ts';
import { connectControl, ExitError, startControl } from '../src/index.ts';
import type { ControlClient, ControlVerbs } from '../src/index.ts';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'posthouse-control-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function serve(verbs: ControlVerbs): Promise<string> {
  const path = await directory();
  const control = await startControl(path, verbs, silentLogger);
  onTestFinished(() => control.stop());
  return path;
}

async function client(path: string): Promise<ControlClient> {
  const connected = await connectControl(path);
  if (connected === undefined) throw new TypeError('nobody is there');
  onTestFinished(() => connected.close());
  return connected;
}

async function answer(path: string, verb: string, fields = {}): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  for await (const item of (await client(path)).order(verb, fields)) items.push(item);
  return items;
}

/** What a client hears that says anything it likes. */
async function say(path: string, text: string | Uint8Array): Promise<string> {
  const socket = connect(controlPlace(path));
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined); // to be cut off is an answer
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return heard;
}

test('a verb is given its fields, and its items come in their order', async () => {
  const path = await serve({
    async *count({ to }) {
      for (let i = 1; i <= Number(to); i += 1) yield { i };
    },
  });
  expect(await answer(path, 'count', { to: 3 })).toEqual([{ i: 1 }, { i: 2 }, { i: 3 }]);
});

test('a long answer waits for its reader, and ends when the reader goes', async () => {
  let made = 0;
  const ended = Promise.withResolvers<void>();
  const path = await serve({
    async *endless() {
      try {
        for (;;) yield { made: (made += 1), text: 'x'.repeat(10_000) };
      } finally {
        ended.resolve();
      }
    },
  });
  const reader = await client(path);
  for await (const item of reader.order('endless')) {
    if (item instanceof Object && 'made' in item && item.made === 100) break;
  }
  await ended.promise;
  expect(made).toBeLessThan(10_000);
});

test('what a verb throws is told, with its exit', async () => {
  const path = await serve({
    async *fail() {
      yield 1;
      throw new ExitError('data', 'There is no such message');
    },
  });
  const heard: unknown[] = [];
  const reader = await client(path);
  await expect(async () => {
    for await (const item of reader.order('fail')) heard.push(item);
  }).rejects.toThrow(
    expect.objectContaining({ exit: 'data', message: 'There is no such message' }),
  );
  expect(heard).toEqual([1]);
});

test('an unknown verb, another version and what is no order are told as such', async () => {
  const path = await serve({});
  await expect(answer(path, 'toString')).rejects.toThrow('does not know "toString"');
  expect(await say(path, '{"version":9,"verb":"x","fields":{}}\n')).toMatch(/speaks version 1 /);
  expect(await say(path, 'hello\n')).toContain('no order');
});

test('a line without an end is cut off', async () => {
  const path = await serve({});
  expect(await say(path, Buffer.alloc(100_000, 'x'))).toBe('');
});

test('nobody is there: not an error, and a socket file that was left is taken over', async () => {
  const path = await directory();
  expect(await connectControl(path)).toBeUndefined();
  await writeFile(controlPlace(path), '');
  const control = await startControl(path, {}, silentLogger);
  onTestFinished(() => control.stop());
  expect(await connectControl(path)).toBeDefined();
});

test('the socket of a program that runs is not taken from it', async () => {
  const path = await serve({
    async *who() {
      yield 'first';
    },
  });
  const second = await startControl(path, {}, silentLogger);
  await second.stop();
  expect(await answer(path, 'who')).toEqual(['first']);
});
