/**
 * From a fresh clone to a running command, with stand-ins for the tools: what is current is not made
 * again, what has changed is, and two preparations never run at the same time.
 */
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launch } from './launch.mjs';
import { createSandbox } from './sandbox.mjs';

/** @type {unknown} */
const install = expect.stringMatching(/^pnpm install --frozen-lockfile/);
/** @type {unknown} */
const build = expect.stringMatching(/^turbo run build/);

describe.skipIf(process.platform === 'win32')('the bootstrap', () => {
  /** @type {import('./sandbox.mjs').Sandbox} */
  let sandbox;
  beforeEach(() => {
    sandbox = createSandbox();
  });
  afterEach(() => sandbox.remove());

  /** @param {readonly string[]} args */
  async function run(...args) {
    const script = path.join(sandbox.root, 'scripts', 'run.mjs');
    const program = launch(process.execPath, [script, ...args], {
      cwd: sandbox.root,
      env: sandbox.env,
    });
    const [exitCode, stdout] = await Promise.all([program.exit, program.everything]);
    return { exitCode, stdout, stderr: program.stderr() };
  }

  test("installs, builds and starts; stdout is the command's alone", async () => {
    const first = await run('start', '--json', 'a b');
    expect(first).toMatchObject({ exitCode: 0, stdout: ['["--json","a b"]'] });
    expect(first.stderr).toContain('posthouse: building ...');
    expect(sandbox.calls()).toEqual([install, build]);
  });

  test('calls no tool the second time', async () => {
    await run('start');
    sandbox.calls();
    expect(await run('start')).toMatchObject({ exitCode: 0, stdout: ['[]'], stderr: '' });
    expect(sandbox.calls()).toEqual([]);
  });

  test('builds again when a source has changed', async () => {
    await run('start');
    sandbox.calls();
    sandbox.write('apps/stack/src/added.ts', '');
    await run('start');
    expect(sandbox.calls()).toEqual([build]);
  });

  test('installs and builds again when a manifest has changed', async () => {
    await run('start');
    sandbox.calls();
    sandbox.write('apps/stack/package.json', '{ "type": "module", "version": "2.0.0" }');
    await run('start');
    expect(sandbox.calls()).toEqual([install, build]);
  });

  test('starts nothing after a failed build, and builds again next time', async () => {
    sandbox.write('broken', '');
    const failed = await run('start');
    expect(failed).toMatchObject({ exitCode: 3, stdout: [] });
    expect(failed.stderr).toContain('the build failed (exit code 3)');
    sandbox.calls();
    await run('build');
    expect(sandbox.calls()).toEqual([build]);
  });

  test('exec runs pnpm without an installation, and passes its exit code on', async () => {
    await run('exec', 'pnpm', 'add', 'something');
    expect(sandbox.calls()).toEqual(['pnpm add something']);
    expect(await run('exec', 'sh', '-c', 'exit 5')).toMatchObject({ exitCode: 5 });
  });

  test('names the commands when it does not know one', async () => {
    const { exitCode, stderr } = await run('strat');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('unknown command strat; there are: start, test');
  });

  test('prepares once for two that start at the same time', async () => {
    const runs = await Promise.all([run('start', '1'), run('start', '2'), run('start', '3')]);
    expect(runs.map(({ stdout }) => stdout)).toEqual([['["1"]'], ['["2"]'], ['["3"]']]);
    expect(sandbox.calls()).toEqual([install, build]);
  });

  describe('its lock', () => {
    const hold = () =>
      launch(process.execPath, [path.join(sandbox.root, 'scripts/test/programs/holder.mjs')], {
        env: sandbox.env,
      });

    test('is had by one at a time', async () => {
      const first = hold();
      await first.line('held');
      const second = hold();
      second.process.stdin?.end();
      await waitForStderr(second, 'waiting');
      first.process.stdin?.end();
      await first.line('released');
      await second.line('released');
    });

    test('is taken over from a process that was killed', async () => {
      const first = hold();
      await first.line('held');
      first.process.kill('SIGKILL');
      await first.exit;
      const second = hold();
      await second.line('held');
      second.process.stdin?.end();
      expect(await second.exit).toBe(0);
    });
  });
});

/**
 * @param {import('./launch.mjs').Launched} program
 * @param {string} text
 * @returns {Promise<void>}
 */
function waitForStderr(program, text) {
  return new Promise((resolve) => {
    const look = () => {
      if (program.stderr().includes(text)) resolve();
    };
    program.process.stderr?.on('data', look);
    look();
  });
}
