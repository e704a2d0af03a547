/**
 * The outermost layer of an executable: runs it, turns an expected failure into one line and an exit
 * code, and lets everything else show its stack.
 */
import { BootstrapError, say } from './report.mjs';

/** @param {() => Promise<number>} main */
export async function enter(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}
