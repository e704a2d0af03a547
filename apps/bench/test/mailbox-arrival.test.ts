/** What comes into a Maildir is counted, compared, and has its time, whether or not anybody listened. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchMailbox } from '../src/arrival/mailbox-arrival.ts';
import { createPattern, messageHead } from '../src/message.ts';
import { now } from '../src/meter/clock.ts';

const pattern = createPattern(1000);
/** Times of files are as fine as the kernel's tick. */
const TICK_MS = 10;

test.each([true, false])(
  'what came is told whole or not, with its time (listening %s)',
  async (isListening) => {
    const maildir = await mkdtemp(join(tmpdir(), 'posthouse-bench-'));
    onTestFinished(() => rm(maildir, { recursive: true }));
    const directory = join(maildir, 'new');
    await mkdir(directory);
    const deliver = async (name: string, run: string, number: number): Promise<void> => {
      const text = messageHead(run, number) + pattern.storedEnd;
      await writeFile(join(maildir, name), text);
      await rename(join(maildir, name), join(directory, name));
    };
    await deliver('before', 'earlier', 1);
    const arrival = await watchMailbox(directory, pattern);
    onTestFinished(() => arrival.stop());
    if (isListening) arrival.listen();
    const startedAt = now();
    await deliver('a', 'run', 1);
    await deliver('b', 'run', 2);
    const reached = arrival.reached(4);
    await deliver('c', 'run', 2);
    await deliver('d', 'other', 3);
    await reached;
    const { times, ...counts } = await arrival.check('run');
    expect(counts).toEqual({ good: 2, repeated: 1, foreign: 1 });
    for (const at of times.values()) {
      expect(at).toBeGreaterThan(startedAt - TICK_MS);
      expect(at).toBeLessThanOrEqual(now());
    }
    expect(await arrival.check('run')).toMatchObject({ good: 0, repeated: 0, foreign: 0 });
  },
);
