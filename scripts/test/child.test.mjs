/**
 * Whatever gets the signal, npm or the bootstrap, the child stops and nothing is left behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { launch } from './launch.mjs';

const parent = fileURLToPath(new URL('programs/parent.mjs', import.meta.url));
const onWindows = process.platform === 'win32';

describe.skipIf(onWindows)('the bootstrap alone', () => {
  test.each(/** @type {const} */ (['SIGTERM', 'SIGINT']))('passes %s on', async (signal) => {
    const run = launch(process.execPath, [parent], { env: withoutNpm() });
    await run.line('ready');
    run.process.kill(signal);
    expect(await run.exit).toBe(7);
    expect((await run.everything).slice(1)).toEqual([signal]);
  });

  test('passes a reload on and goes on', async () => {
    const run = launch(process.execPath, [parent], { env: withoutNpm() });
    await run.line('ready');
    run.process.kill('SIGHUP');
    await run.line('SIGHUP');
    run.process.kill('SIGTERM');
    expect(await run.exit).toBe(7);
  });

  test('ends as a shell would when the child dies of a signal', async () => {
    expect(await launch(process.execPath, [parent, 'kill']).exit).toBe(128 + 9);
  });

  test('tells the child by its channel when it is killed outright', async () => {
    const run = launch(process.execPath, [parent], { env: withoutNpm() });
    await run.line('ready');
    run.process.kill('SIGKILL');
    expect((await run.everything).at(-1)).toBe('disconnect');
  });
});

describe.skipIf(onWindows)('under npm', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'posthouse-npm-'));
  const command = `'${process.execPath}' '${parent}'`;
  const scripts = { exec: `exec ${command}`, shell: `${command} && true` };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ scripts }));
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(/** @type {const} */ (['SIGTERM', 'SIGINT']))(
    'npm waits for the child after %s',
    async (signal) => {
      const run = launch('npm', ['run', '--silent', 'exec'], { cwd: folder });
      await run.line('ready');
      run.process.kill(signal);
      expect(await run.exit).toBe(7);
      expect((await run.everything).slice(1)).toEqual([signal]);
    },
  );

  test.each(/** @type {const} */ (['SIGHUP', 'SIGKILL']))(
    'the child stops when npm is gone after %s',
    async (signal) => {
      const run = launch('npm', ['run', '--silent', 'exec'], { cwd: folder });
      await run.line('ready');
      run.process.kill(signal);
      expect((await run.everything).slice(1)).toEqual(['SIGTERM']);
    },
  );

  test.runIf(process.platform === 'linux')(
    'a shell in between that outlives npm does not hide it',
    async () => {
      const run = launch('npm', ['run', '--silent', 'shell'], { cwd: folder });
      await run.line('ready');
      run.process.kill('SIGKILL');
      expect((await run.everything).slice(1)).toEqual(['SIGTERM']);
    },
  );
});

/** @returns {NodeJS.ProcessEnv} as when no package manager is above */
function withoutNpm() {
  const { npm_execpath: _, ...env } = process.env;
  return env;
}
