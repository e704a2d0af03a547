/**
 * One vitest run, and the line that tells how it went: `N passed, N failed`, with `, N skipped` when
 * there are any. The numbers come from vitest's own report, not from its screen. A file that could
 * not be loaded counts as one failure, and so does a run that failed without a failed test.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap/pins.mjs';
import { runTool } from './bootstrap/toolchain.mjs';

/**
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {readonly { status: string, assertionResults: readonly { status: string }[] }[]} testResults
 */

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/**
 * @param {import('./bootstrap/toolchain.mjs').Toolchain} toolchain
 * @param {readonly string[]} args for vitest: --project, a path, -t
 * @param {string} [name] of the report in .reports
 * @returns {Promise<number>} the exit code
 */
export async function runTests(toolchain, args, name = 'vitest') {
  const report = path.join(root, '.reports', `${name}.json`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const exitCode = await runTool(toolchain, 'vitest', ['run', ...reporters, ...args]);
  console.log(formatTotals(readTotals(report, exitCode)));
  return exitCode;
}

/**
 * @param {string} file
 * @param {number} exitCode of the run that wrote it
 * @returns {Totals}
 */
function readTotals(file, exitCode) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = /** @type {VitestReport} */ (JSON.parse(readFileSync(file, 'utf8')));
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  const failed = report.numFailedTests + unloaded.length;
  return {
    passed: report.numPassedTests,
    failed: exitCode !== 0 && failed === 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * @param {Totals} totals
 * @returns {string}
 */
function formatTotals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
