/** What commands say of mistakes: the thing by its name and the way out, with an exit code for scripts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { addAccount } from '@posthouse/directory';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './interop/program.ts';
import { POSTHOUSE } from './system/stack-process.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'posthouse-mistakes-'));
  await addAccount({ path: join(directory, 'var', 'accounts') }, 'alice@posthouse.test', 'secret');
});

afterAll(() => rm(directory, { recursive: true }));

test.each([
  // Without a word on standard input: the password is not what is missing first.
  ['user add alice', 65, 'alice can be no account'],
  ['user add Alice@posthouse.test', 65, 'There is an account alice@posthouse.test already'],
  ['user passwd bob@posthouse.test', 65, 'There is no account bob@posthouse.test'],
  ['user passwd', 64, 'user passwd wants the name of an account'],
  ['user rename alice@posthouse.test', 64, 'There is no user command rename'],
  ['user list everybody', 64, 'user list does not take everybody'],
  ['read alice@posthouse.test --mark seen', 64, '--mark wants the number of a message'],
  ['reload now', 64, 'now: reload takes --config only'],
  [
    'send --from alice@posthouse.test --to b@c.test --text x --server localhost --ca gone.pem',
    66,
    'The certificate authority (--ca) cannot be read: ENOENT',
  ],
])('posthouse %s', async (line, exitCode, text) => {
  const args = ['--conditions=@posthouse/source', POSTHOUSE, ...line.split(' ')];
  const ending = await run({ program: process.execPath, args }, directory);
  expect(ending.screen).toContain(text);
  expect(ending.exitCode).toBe(exitCode);
});

test('who reads no further is no mistake', async () => {
  const args = ['--conditions=@posthouse/source', POSTHOUSE, 'check', '--schema'];
  const child = spawn(process.execPath, args, { cwd: directory });
  child.stdout.destroy();
  const [errors, ending] = await Promise.all([readText(child.stderr), once(child, 'close')]);
  expect(errors).toBe('');
  expect(ending[0]).toBe(0);
});
