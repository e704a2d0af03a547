/** Programs of the system that interoperability tests need. */
import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/**
 * Registers a suite that needs a program. Where it is missing the suite is skipped, unless
 * POSTHOUSE_INTEROP is `required`: then it fails, and says what to install.
 */
export function describeWith(
  program: string,
  installation: string,
  name: string,
  suite: () => void,
): void {
  const isHere = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (!isHere && process.env['POSTHOUSE_INTEROP'] === 'required') {
    throw new Error(`${program} is missing, and POSTHOUSE_INTEROP=required: ${installation}`);
  }
  describe.skipIf(!isHere)(name, suite);
}
