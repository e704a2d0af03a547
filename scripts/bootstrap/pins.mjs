/**
 * What this repository runs on, and where the bootstrap keeps things. The package manager's version
 * stands in package.json (`packageManager`), because turbo reads it there; Node's stands here.
 * Third-party versions stand in the catalog of pnpm-workspace.yaml.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The Node that is brought where the machine's own is too old. */
export const nodePin = '24.21.0';

/** The oldest Node that Posthouse runs on: node:sqlite is stable enough from here. */
export const nodeFloor = '24.15.0';

/** The pnpm that is brought where the machine has none of the same major version. */
export const pnpmPin = readPnpmPin();

/** A folder of our own for the tools, one per combination of pins and platform. */
export const toolsFolder = path.join(
  root,
  '.tools',
  `${nodePin}_${pnpmPin}_${process.platform}-${process.arch}`,
);

export const isWindows = process.platform === 'win32';

/** @returns {string} */
function readPnpmPin() {
  const manifest = /** @type {{ packageManager?: string }} */ (
    JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  );
  const [name, version] = (manifest.packageManager ?? '').split('@');
  if (name !== 'pnpm' || version === undefined) {
    throw new Error('package.json: packageManager must name an exact pnpm version');
  }
  return version;
}
