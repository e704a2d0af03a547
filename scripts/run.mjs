#!/usr/bin/env node
/**
 * The way in: `node scripts/run.mjs <command> [arguments]`, on Node 18 or later and npm, nothing else.
 *
 *   start       install, build and run the full stack (npm start)
 *   test        install, build and run every test that needs no system package (npm test)
 *   test:crash  kill -9 under load, and the account; --kills N, --seed N
 *   test:power  power cuts under load, as root on Linux; --cuts N
 *   test:sweep  a kill at every system call of a delivery, on Linux; --calls fsync,rename
 *   test:disk   a disk that is full, broken, read-only or slow, as root on Linux
 *   build       install and build
 *   check       type check the whole repository
 *   dev         run the stack from its sources, and again on every change
 *   bench       install, build and measure beside other mail systems (docs/performance.md)
 *   install     Node, pnpm and the dependencies, no more
 *   exec        any command, with the pinned tools on PATH
 */
import { parseArgs } from 'node:util';
import { runChild } from './bootstrap/child.mjs';
import { enter } from './bootstrap/entry.mjs';
import { prepareBuild, prepareDependencies, prepareToolchain } from './bootstrap/prepare.mjs';
import { BootstrapError } from './bootstrap/report.mjs';
import { startStack } from './bootstrap/start.mjs';
import { runTool } from './bootstrap/toolchain.mjs';
import { runTests } from './test-run.mjs';

/** @type {Record<string, (args: readonly string[]) => Promise<number>>} */
const commands = {
  start: startStack,
  test,
  'test:crash': (args) => testCrash('kill', args),
  'test:power': (args) => testCrash('power', args),
  'test:sweep': (args) => testCrash('sweep', args),
  'test:disk': (args) => testCrash('disk', args),
  build,
  check,
  dev,
  bench,
  install,
  exec,
};

await enter(() => {
  const [name = 'start', ...args] = process.argv.slice(2);
  const command = commands[name];
  if (command === undefined) {
    throw new BootstrapError(
      `unknown command ${name}; there are: ${Object.keys(commands).join(', ')}`,
    );
  }
  return command(args);
});

/** @param {readonly string[]} args */
async function test(args) {
  return runTests(await prepareBuild(), args);
}

/**
 * @param {'disk' | 'kill' | 'power' | 'sweep'} suite
 * @param {readonly string[]} args
 */
async function testCrash(suite, args) {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      kills: { type: 'string' },
      cuts: { type: 'string' },
      seed: { type: 'string' },
      calls: { type: 'string' },
    },
    allowPositionals: true,
  });
  process.env['POSTHOUSE_CRASH'] = suite; // vitest.config.ts then finds this suite alone
  for (const [name, value] of Object.entries(values)) {
    const isMeant = name === 'calls' ? /^[a-z0-9,]+$/ : /^\d+$/;
    if (!isMeant.test(value)) {
      const form = name === 'calls' ? 'names of system calls, with commas between' : 'a number';
      throw new BootstrapError(`--${name} ${value}: write ${form}`);
    }
    process.env[`CRASH_${name.toUpperCase()}`] = value;
  }
  return runTests(await prepareDependencies(), ['--project', 'stack', ...positionals], suite);
}

async function build() {
  await prepareBuild();
  return 0;
}

async function check() {
  const toolchain = await prepareDependencies();
  const scripts = await runTool(toolchain, 'tsc', ['-p', 'scripts']);
  return (await runTool(toolchain, 'tsc', ['-p', 'tsconfig.check.json'])) || scripts;
}

/** @param {readonly string[]} args */
async function dev(args) {
  const { node, env } = await prepareDependencies();
  const flags = ['--watch', '--conditions=@posthouse/source', 'apps/stack/src/main.ts'];
  return runChild(node, [...flags, ...args], { env });
}

/** @param {readonly string[]} args */
async function bench(args) {
  const { node, env } = await prepareBuild();
  // It ends with us, and whom it measures with it.
  return runChild(node, ['apps/bench/dist/main.js', ...args], { env, supervised: true });
}

async function install() {
  await prepareDependencies();
  return 0;
}

/** @param {readonly string[]} args */
async function exec([command, ...args]) {
  if (command === undefined) throw new BootstrapError('exec: which command?');
  // pnpm may be about to change the very lockfile that an installation would want to follow.
  const prepare = command === 'pnpm' ? prepareToolchain : prepareDependencies;
  return runTool(await prepare(), command, args, { cwd: process.cwd() });
}
