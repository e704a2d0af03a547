/**
 * Finds Node and pnpm, or brings them: from the npm registry, with the npm that is there, into
 * .tools and nowhere else on the machine. No install script runs: the packages hold the binaries.
 * The folder appears by one rename, so an interrupted download leaves nothing that looks finished.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { mustSucceed, runChild } from './child.mjs';
import { toolEnvironment } from './environment.mjs';
import { isWindows, nodeFloor, nodePin, pnpmPin, root, toolsFolder } from './pins.mjs';
import { BootstrapError, say, step } from './report.mjs';

/**
 * @typedef {object} Toolchain
 * @property {string} node the executable to run Posthouse with
 * @property {NodeJS.ProcessEnv} env an environment in which `node` and `pnpm` are the right ones
 */

const nodePackage = nodePackageName();
const broughtNode = path.join(
  toolsFolder,
  'node_modules',
  nodePackage,
  isWindows ? 'node.exe' : 'bin/node',
);
const exeSuffix = isWindows ? '.exe' : '';

/**
 * The toolchain as it is, or undefined when something has to be brought first.
 *
 * @param {{ pnpm: boolean }} need Node alone is enough to run what is built
 * @returns {Toolchain | undefined}
 */
export function findToolchain(need) {
  const node = ownNodeIsRecent() ? process.execPath : existing(broughtNode);
  if (node === undefined) return undefined;
  const folders = [path.dirname(node)];
  if (need.pnpm && !machineHasPnpm()) {
    const pnpm = existing(broughtPnpmFolder());
    if (pnpm === undefined) return undefined;
    folders.unshift(pnpm);
  }
  return {
    node,
    env: toolEnvironment(process.env, [...folders, path.join(root, 'node_modules', '.bin')]),
  };
}

/**
 * Brings what is missing. Call it while nobody else prepares.
 *
 * @returns {Promise<Toolchain>}
 */
export async function bringToolchain() {
  const found = findToolchain({ pnpm: true });
  if (found !== undefined) return found;
  const wanted = [
    ...(ownNodeIsRecent() ? [] : [`${nodePackage}@${nodePin}`]),
    ...(machineHasPnpm() ? [] : [`pnpm@${pnpmPin}`]),
  ];
  explain();
  await step('downloading them with npm; only the first start does this', () => download(wanted));
  const toolchain = findToolchain({ pnpm: true });
  if (toolchain !== undefined) return toolchain;
  throw new BootstrapError(
    `npm brought ${wanted.join(' and ')}, but no binary for ${process.platform}-${process.arch}. ` +
      `Install Node ${nodeFloor} or later and pnpm ${pnpmPin} yourself and try again.`,
  );
}

/**
 * Runs a command of the toolchain, or of node_modules, to its end and gives its exit code.
 *
 * @param {Toolchain} toolchain
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Omit<Parameters<typeof runChild>[2], 'env'>} [options]
 * @returns {Promise<number>}
 */
export function runTool({ env }, command, args, options = {}) {
  // Commands of node_modules are .cmd files on Windows, which only a shell starts; pnpm is not.
  return isWindows && command !== 'pnpm'
    ? runChild('pnpm', ['exec', command, ...args], { ...options, env })
    : runChild(command, args, { ...options, env });
}

function explain() {
  if (!ownNodeIsRecent()) {
    say(`this is Node ${process.versions.node}; Posthouse runs on ${nodeFloor} or later`);
  }
  say(`bringing ${ownNodeIsRecent() ? '' : `Node ${nodePin} and `}pnpm ${pnpmPin} into .tools`);
}

/** @param {readonly string[]} wanted */
async function download(wanted) {
  const partial = `${toolsFolder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  writeFileSync(path.join(partial, 'package.json'), '{"private":true}\n');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--progress=false'];
  await mustSucceed(
    'the download',
    runChild(
      isWindows ? 'npm.cmd' : 'npm',
      ['install', '--no-save', '--no-package-lock', '--ignore-scripts', ...quiet, ...wanted],
      // A .cmd file needs a shell; no argument here holds a space.
      { env: toolEnvironment(process.env, []), cwd: partial, output: 'stderr', shell: isWindows },
    ),
  );
  rmSync(toolsFolder, { recursive: true, force: true });
  renameSync(partial, toolsFolder);
}

/**
 * The names of npm's binary packages of Node, as the `node` package itself chooses them.
 *
 * @returns {string}
 */
function nodePackageName() {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${isWindows ? 'win' : process.platform}-${process.arch}`;
}

/** @returns {boolean} */
function ownNodeIsRecent() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [floorMajor = 0, floorMinor = 0] = nodeFloor.split('.').map(Number);
  return major > floorMajor || (major === floorMajor && minor >= floorMinor);
}

/**
 * A real pnpm of the pinned major version on PATH. An install without scripts leaves a file there
 * without a `#!` line, which a shell runs and turbo cannot.
 *
 * @returns {boolean}
 */
function machineHasPnpm() {
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const candidate = (process.env[pathName] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, `pnpm${exeSuffix}`))
    .find((file) => existsSync(file));
  if (candidate === undefined || firstBytes(candidate) === '# ') return false;
  const run = spawnSync(candidate, ['--version'], {
    encoding: 'utf8',
    cwd: path.parse(root).root,
    env: { ...process.env, COREPACK_ENABLE_DOWNLOAD_PROMPT: '0', COREPACK_ENABLE_NETWORK: '0' },
  });
  return run.status === 0 && majorOf(run.stdout.trim()) === majorOf(pnpmPin);
}

/**
 * The folder of pnpm's real executable; `pnpm` itself would be a stub without install scripts.
 *
 * @returns {string}
 */
function broughtPnpmFolder() {
  const folder = path.join(
    toolsFolder,
    'node_modules',
    '@pnpm',
    `exe.${process.platform}-${process.arch}`,
  );
  return existsSync(`${folder}-musl`) ? `${folder}-musl` : folder;
}

/**
 * @param {string} file
 * @returns {string}
 */
function firstBytes(file) {
  const bytes = Buffer.alloc(2);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, bytes, 0, 2, 0);
  closeSync(descriptor);
  return bytes.toString('latin1');
}

/**
 * @param {string} version
 * @returns {string | undefined}
 */
function majorOf(version) {
  return version.split('.')[0];
}

/**
 * @param {string} file
 * @returns {string | undefined}
 */
function existing(file) {
  return existsSync(file) ? file : undefined;
}
