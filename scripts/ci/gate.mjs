/**
 * Runs every step of the gate, tells each one's name and duration, and goes on after a failure so
 * that one run shows all there is to mend. The exit code is that of the whole; the last line is
 * `N passed, N failed`, counted from the tests' own reports.
 */
import { runChild } from '../bootstrap/child.mjs';
import { enter } from '../bootstrap/entry.mjs';
import { prepareToolchain } from '../bootstrap/prepare.mjs';
import { runTool } from '../bootstrap/toolchain.mjs';
import { clearReports, formatTotals, readTotals } from '../totals.mjs';
import { steps } from './steps.mjs';

/** @typedef {import('./steps.mjs').Step} Step */

await enter(gate);

/** @returns {Promise<number>} */
async function gate() {
  clearReports();
  /** @type {Map<Step, { exitCode: number, seconds: number }>} */
  const results = new Map();
  for (const step of steps) {
    console.log(`\n=== ${step.name}`);
    const startedAt = Date.now();
    const exitCode = await runStep(step);
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    console.log(`=== ${step.name}: ${exitCode === 0 ? 'ok' : 'FAILED'}, ${seconds} s`);
    results.set(step, { exitCode, seconds });
    if (exitCode !== 0 && step.blocking === true) break;
  }
  console.log('');
  for (const step of steps) {
    const result = results.get(step);
    const verdict = result === undefined ? 'not run' : result.exitCode === 0 ? 'ok' : 'FAILED';
    console.log(`${verdict.padEnd(8)}${step.name}${result ? `, ${result.seconds} s` : ''}`);
  }
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    if (step.report === undefined) continue;
    const { passed, failed, skipped } = readTotals(step.report, results.get(step)?.exitCode ?? 1);
    totals.passed += passed;
    totals.failed += failed;
    totals.skipped += skipped;
  }
  console.log(formatTotals(totals));
  return steps.every((step) => results.get(step)?.exitCode === 0) ? 0 : 1;
}

/**
 * Every command of the step, also after one has failed.
 *
 * @param {Step} step
 * @returns {Promise<number>} the first exit code that is not 0
 */
async function runStep(step) {
  let result = 0;
  for (const [command = '', ...args] of step.commands) {
    const exitCode = ['npm', 'node'].includes(command)
      ? await runChild(command, args, { env: process.env })
      : await runTool(await prepareToolchain(), command, args);
    result ||= exitCode;
  }
  return result;
}
