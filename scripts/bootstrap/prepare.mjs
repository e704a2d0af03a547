/**
 * From a fresh clone to something that runs: toolchain, dependencies, build. Each is skipped when it
 * is there already, and when all are, neither the lock nor a tool is touched: that is what makes a
 * second start quick.
 */
import { mustSucceed } from './child.mjs';
import { exclusively } from './lock.mjs';
import { step } from './report.mjs';
import {
  dependencyFingerprint,
  everyPackageIsBuilt,
  hasStamp,
  sourceFingerprint,
  writeStamp,
} from './stamp.mjs';
import { bringToolchain, findToolchain, runTool } from './toolchain.mjs';

/** @typedef {import('./toolchain.mjs').Toolchain} Toolchain */

/** @returns {Promise<Toolchain>} Node and pnpm */
export async function prepareToolchain() {
  return findToolchain({ pnpm: true }) ?? exclusively(bringToolchain);
}

/** @returns {Promise<Toolchain>} Node, pnpm and node_modules as the lockfile says */
export async function prepareDependencies() {
  const ready = hasStamp('dependencies', dependencyFingerprint()) && findToolchain({ pnpm: true });
  if (ready) return ready;
  return exclusively(async () => {
    const toolchain = await bringToolchain();
    await install(toolchain);
    return toolchain;
  });
}

/** @returns {Promise<Toolchain>} everything compiled, ready to run */
export async function prepareBuild() {
  const ready = isBuilt() && findToolchain({ pnpm: false });
  if (ready) return ready;
  return exclusively(async () => {
    const toolchain = await bringToolchain();
    await install(toolchain);
    await build(toolchain);
    return toolchain;
  });
}

/** @param {Toolchain} toolchain */
async function install(toolchain) {
  const fingerprint = dependencyFingerprint();
  if (hasStamp('dependencies', fingerprint)) return;
  const args = ['install', '--frozen-lockfile', '--reporter=append-only'];
  await step('installing the dependencies', () =>
    mustSucceed('the installation', runTool(toolchain, 'pnpm', args, { output: 'stderr' })),
  );
  writeStamp('dependencies', fingerprint);
}

/** @param {Toolchain} toolchain */
async function build(toolchain) {
  if (isBuilt()) return;
  const fingerprint = sourceFingerprint();
  const args = ['run', 'build', '--output-logs=errors-only', '--ui=stream'];
  await step('building', () =>
    mustSucceed('the build', runTool(toolchain, 'turbo', args, { output: 'stderr' })),
  );
  writeStamp('build', fingerprint);
}

/** @returns {boolean} */
function isBuilt() {
  return hasStamp('build', sourceFingerprint()) && everyPackageIsBuilt();
}
