/**
 * Child processes: one at a time, in our own process group, never left behind.
 *
 * A signal to us is passed on, except those the terminal has sent to the whole group already. When
 * npm started us and disappears (a SIGKILL passes nothing on), the child is stopped as well. We end
 * when the child has ended, with its exit code, or 128 + the signal's number as shells do.
 * A supervised child also has an IPC channel: it closes with us, so that the child can stop by
 * itself should we be killed outright.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { BootstrapError } from './report.mjs';
import { isWindows, root } from './pins.mjs';

const parentPollMs = 200;
const repeatWindowMs = 1000;
const hasTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);

/**
 * Runs a command to its end and gives its exit code.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string, output?: 'ours' | 'stderr', supervised?: boolean, shell?: boolean }} options
 *   `output: 'stderr'`: nothing of the child's reaches our stdout, and it has no stdin.
 * @returns {Promise<number>}
 */
export function runChild(command, args, options) {
  const stdio = options.output === 'stderr' ? ['ignore', 2, 2] : ['inherit', 'inherit', 'inherit'];
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: options.env,
    shell: options.shell ?? false,
    stdio: /** @type {import('node:child_process').StdioOptions} */ (
      options.supervised === true ? [...stdio, 'ipc'] : stdio
    ),
  });
  const letGo = passSignalsTo(child);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      letGo();
      reject(new BootstrapError(`cannot run ${command}: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      letGo();
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
  });
}

/**
 * Anything other than success ends the bootstrap, with the child's exit code.
 *
 * @param {string} what was run, in plain words
 * @param {Promise<number>} run
 */
export async function mustSucceed(what, run) {
  const exitCode = await run;
  if (exitCode !== 0) throw new BootstrapError(`${what} failed (exit code ${exitCode})`, exitCode);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} undoes it
 */
function passSignalsTo(child) {
  /** @type {Map<NodeJS.Signals, number>} */
  const lastSentAt = new Map();
  // npm repeats what the terminal or `kill -- -group` has sent to us before: one is enough.
  const send = (/** @type {NodeJS.Signals} */ signal) => {
    const now = Date.now();
    if (now - (lastSentAt.get(signal) ?? 0) < repeatWindowMs) return;
    lastSentAt.set(signal, now);
    child.kill(signal);
  };
  const onTerminate = () => send('SIGTERM');
  const onInterrupt = () => {
    if (!hasTerminal) send('SIGINT');
  };
  // The terminal has gone, or somebody asks for a reload.
  const onHangUp = () => send(hasTerminal && !terminalIsOpen() ? 'SIGTERM' : 'SIGHUP');
  process.on('SIGTERM', onTerminate);
  process.on('SIGINT', onInterrupt);
  process.on('SIGHUP', onHangUp);
  const stopWatching = onceParentGone(onTerminate);
  return () => {
    stopWatching();
    process.off('SIGTERM', onTerminate);
    process.off('SIGINT', onInterrupt);
    process.off('SIGHUP', onHangUp);
  };
}

/**
 * Only a package manager's disappearance counts: whoever starts the bootstrap directly may well
 * leave it running in the background and go.
 *
 * @param {() => void} action
 * @returns {() => void} undoes it
 */
function onceParentGone(action) {
  if (process.env['npm_execpath'] === undefined) return () => {};
  const parent = process.ppid;
  const launcher = shellParent(parent);
  const timer = setInterval(() => {
    const parentStays = process.ppid === parent && (!isWindows || isAlive(parent));
    if (parentStays && shellParent(parent) === launcher) return;
    clearInterval(timer);
    action();
  }, parentPollMs);
  return () => clearInterval(timer);
}

/**
 * npx puts a shell between itself and us, which outlives it. (The scripts in package.json begin with
 * `exec`, so no shell is left there.) Without /proc nobody can tell cheaply; then the shell counts.
 *
 * @param {number} pid
 * @returns {string | undefined} the parent of `pid`, if `pid` is a shell
 */
function shellParent(pid) {
  try {
    const [, name = '', parent] =
      /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return /^(?:ba|da|a|z)?sh$/.test(name) ? parent : undefined;
  } catch {
    return undefined;
  }
}

/** @returns {boolean} */
function terminalIsOpen() {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is another user's.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
