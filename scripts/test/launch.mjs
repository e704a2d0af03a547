/**
 * Starts a program for a test and tells what it writes. Its stdout is a pipe that its children
 * inherit: the pipe ends when the last of them is gone, which is how a test sees that none is left.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} Launched
 * @property {import('node:child_process').ChildProcess} process
 * @property {(start: string) => Promise<string>} line waits for the next line that starts so
 * @property {Promise<string[]>} everything all lines, once no process holds the pipe any more
 * @property {Promise<number | NodeJS.Signals | null>} exit exit code, or the signal it died of
 * @property {() => string} stderr so far
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Launched}
 */
export function launch(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  /** @type {string[]} */
  const lines = [];
  /** @type {Set<() => void>} */
  const waiting = new Set();
  let stderr = '';
  let ended = false;
  const wake = () => waiting.forEach((look) => look());
  child.stderr?.on('data', (/** @type {Buffer} */ chunk) => (stderr += chunk.toString()));
  const reader = createInterface({ input: /** @type {NodeJS.ReadableStream} */ (child.stdout) });
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  /** @type {Promise<string[]>} */
  const everything = new Promise((resolve) => {
    reader.once('close', () => {
      ended = true;
      wake();
      resolve(lines);
    });
  });
  let seen = 0;
  const line = (/** @type {string} */ start) =>
    new Promise((/** @type {(found: string) => void} */ resolve, reject) => {
      const look = () => {
        const index = lines.findIndex((text, at) => at >= seen && text.startsWith(start));
        if (index < 0 && !ended) return;
        waiting.delete(look);
        if (index < 0) {
          reject(new Error(`ended without "${start}": ${lines.join(' | ')}\n${stderr}`));
          return;
        }
        seen = index + 1;
        resolve(lines[index] ?? '');
      };
      waiting.add(look);
      look();
    });
  /** @type {Promise<number | NodeJS.Signals | null>} */
  const exit = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  return { process: child, line, everything, exit, stderr: () => stderr };
}
