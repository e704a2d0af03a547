/** The library that slows syncs down is made for the delay that is asked for, and only then. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readArguments } from '../src/arguments.ts';
import { slowSyncs } from '../src/meter/slow-sync.ts';

test('without a delay nothing is set', async () => {
  expect(await slowSyncs('/nowhere', 0)).toEqual({});
});

test.skipIf(!existsSync('/usr/bin/cc'))('with one, a library is preloaded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-slow-sync-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const { LD_PRELOAD: library = '' } = await slowSyncs(directory, 5);
  expect(existsSync(library)).toBe(true);
});

test('all cases are run on the disk as it is and with slow syncs; one case as it says', () => {
  expect(readArguments([])?.syncDelaysMs).toEqual([0, 5]);
  expect(readArguments(['--case', 'relay'])?.syncDelaysMs).toEqual([0]);
  const both = ['--case', 'relay', '--sync-delay', '0', '--sync-delay', '7'];
  expect(readArguments(both)?.syncDelaysMs).toEqual([0, 7]);
  expect(() => readArguments(['--sync-delay', 'x'])).toThrow('--sync-delay must be a whole number');
});
