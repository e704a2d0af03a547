/** `node scripts/ci/install.mjs PACKAGE...`: brings Debian packages that the next command of a step needs. */
import { enter } from '../bootstrap/entry.mjs';
import { installPackages } from './debian.mjs';

await enter(() => installPackages(process.argv.slice(2)));
