/** Runs child.mjs as the bootstrap runs the stack. */
import { fileURLToPath } from 'node:url';
import { runChild } from '../../bootstrap/child.mjs';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));
process.exitCode = await runChild(process.execPath, [child, ...process.argv.slice(2)], {
  env: process.env,
  supervised: true,
});
