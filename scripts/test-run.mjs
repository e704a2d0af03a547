/**
 * One vitest run, closed by the line that tells how it went: `N passed, N failed`, with
 * `, N skipped` when there are any.
 */
import { runTool } from './bootstrap/toolchain.mjs';
import { formatTotals, freshReport, readTotals } from './totals.mjs';

/**
 * @param {import('./bootstrap/toolchain.mjs').Toolchain} toolchain
 * @param {readonly string[]} args for vitest: --project, a path, -t
 * @param {string} [name] of the report in .reports
 * @returns {Promise<number>} the exit code
 */
export async function runTests(toolchain, args, name = 'vitest') {
  const report = freshReport(name);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const exitCode = await runTool(toolchain, 'vitest', ['run', ...reporters, ...args]);
  console.log(formatTotals(readTotals(name, exitCode)));
  return exitCode;
}
