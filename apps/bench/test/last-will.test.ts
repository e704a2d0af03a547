/** What a benchmark has started ends with it, however it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startChild } from '../src/subject/child.ts';

const SOURCES = join(import.meta.dirname, '../src/subject');
/** A subject of two processes, one the other's child. */
const SUBJECT = ['sh', '-c', 'sleep 600 & echo $! $$; wait'];
const WAIT = { timeout: 10_000, interval: 20 };

const program = `
import { startChild } from ${JSON.stringify(join(SOURCES, 'child.ts'))};
import { willRemove } from ${JSON.stringify(join(SOURCES, 'last-will.ts'))};
const [, directory] = process.argv;
willRemove(directory);
startChild({ command: ${JSON.stringify(SUBJECT)}, cwd: directory, logFile: directory + '/log' });
setInterval(() => {}, 1000);
`;

test.each(['SIGKILL', 'SIGTERM'] as const)('with %s to us our subjects end', async (signal) => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-bench-'));
  const us = spawn(process.execPath, ['--input-type=module', '-e', program, directory]);
  onTestFinished(() => void us.kill('SIGKILL'));
  const pids = await startedIn(directory);
  us.kill(signal);
  await once(us, 'exit');
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), WAIT);
  await vi.waitFor(() => expect(existsSync(directory)).toBe(false), WAIT);
});

test('a subject that has ended by itself leaves no will', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-bench-'));
  const child = startChild({ command: SUBJECT, cwd: directory, logFile: join(directory, 'log') });
  const [sleeping = 0] = await startedIn(directory);
  await child.stop('SIGTERM');
  expect(isAlive(sleeping)).toBe(true);
  process.kill(sleeping);
});

/** The numbers of the subject's processes. */
function startedIn(directory: string): Promise<readonly number[]> {
  return vi.waitFor(async () => {
    const pids = (await readFile(join(directory, 'log'), 'utf8')).trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    return pids;
  }, WAIT);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
