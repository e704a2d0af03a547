/**
 * How a vitest run went, from vitest's own report, never from its screen. A file that could not be
 * loaded counts as one failure, and so does a run that failed without a failed test or a report.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './bootstrap/pins.mjs';

/**
 * @typedef {object} VitestReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {readonly { status: string, assertionResults: readonly { status: string }[] }[]} testResults
 */

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

const folder = path.join(root, '.reports');

/**
 * Makes room for a report, so that an old one is never taken for it.
 *
 * @param {string} name
 * @returns {string} the file that vitest is to write
 */
export function freshReport(name) {
  mkdirSync(folder, { recursive: true });
  rmSync(reportFile(name), { force: true });
  return reportFile(name);
}

export function clearReports() {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * @param {string} name of the report
 * @param {number} exitCode of the run that wrote it
 * @returns {Totals}
 */
export function readTotals(name, exitCode) {
  const file = reportFile(name);
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
export function formatTotals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * @param {string} name
 * @returns {string}
 */
function reportFile(name) {
  return path.join(folder, `${name}.json`);
}
