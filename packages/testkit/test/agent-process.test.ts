import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startAgentProcess } from '../src/index.ts';
import type { AgentProcess, AgentProcessOptions } from '../src/index.ts';

const program = join(import.meta.dirname, 'programs', 'diary.ts');

async function workplace(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-testkit-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

function start(directory: string, more: Partial<AgentProcessOptions> = {}): AgentProcess {
  return startAgentProcess({ program, directory, ...more });
}

test('tells the events of its log, and how it ended', async () => {
  const agent = start(await workplace(), { args: ['7'] });
  expect(await agent.log.next('ready')).toMatchObject({ pid: agent.pid, args: ['7'] });
  const { stdout, ...end } = await agent.stop();
  expect(stdout).toContain('no event, only words\n');
  expect(end).toEqual({ code: 7, stderr: 'a word for people\n', events: ['ready', 'stopped'] });
});

test('leaves its disk behind when it is killed, and starts again over it', async () => {
  const directory = await workplace();
  for (const lines of [1, 2]) {
    const agent = start(directory);
    await agent.log.next('ready');
    agent.signal('SIGHUP');
    await agent.log.next('written', { by: 'signal' });
    expect((await agent.kill()).code).toBe('SIGKILL');
    expect(await readFile(join(directory, 'diary'), 'utf8')).toBe('a line\n'.repeat(lines));
  }
});

test('ends the wait for an event that cannot come any more', async () => {
  const agent = start(await workplace());
  await agent.log.next('ready');
  const waiting = agent.log.next('never');
  await agent.stop();
  await expect(waiting).rejects.toThrow('the process ended with 0: a word for people');
  await expect(agent.log.next('never')).rejects.toThrow('the process ended with 0');
});

test('holds an IPC channel where one is asked for', async () => {
  const agent = start(await workplace(), { ipc: true });
  await agent.log.next('ready');
  expect(agent.process.connected).toBe(true);
  expect((await agent.stop()).code).toBe(0);
});

test('hands what ends it to its owner', async () => {
  const ends: (() => Promise<void>)[] = [];
  const agent = start(await workplace(), { atEnd: (kill) => ends.push(kill) });
  await agent.log.next('ready');
  await Promise.all(ends.map((kill) => kill()));
  expect(await agent.end).toMatchObject({ code: 'SIGKILL' });
});
