/**
 * Stamps: a small file that says for which inputs something was made. It is written after the work
 * is done, with the fingerprint taken before, so an interrupted or overtaken run is done again.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodePin, root } from './pins.mjs';

const folder = path.join(root, 'node_modules', '.posthouse');

/**
 * @param {string} name
 * @param {string} fingerprint
 * @returns {boolean}
 */
export function hasStamp(name, fingerprint) {
  const file = path.join(folder, name);
  return existsSync(file) && readFileSync(file, 'utf8') === fingerprint;
}

/**
 * @param {string} name
 * @param {string} fingerprint
 */
export function writeStamp(name, fingerprint) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), fingerprint);
}

/**
 * What an install depends on, by content.
 *
 * @returns {string}
 */
export function dependencyFingerprint() {
  const hash = createHash('sha256').update(`${nodePin} ${process.platform} ${process.arch}`);
  const manifests = packageFolders().map((at) => path.join(at, 'package.json'));
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests]) {
    hash.update(`\0${file}\0`).update(readFileSync(path.join(root, file)));
  }
  return hash.digest('hex');
}

/**
 * What a build depends on, by name, size and time: reading every source would cost a start more.
 *
 * @returns {string}
 */
export function sourceFingerprint() {
  const hash = createHash('sha256').update(dependencyFingerprint());
  const files = packageFolders().flatMap((at) => [
    path.join(at, 'tsconfig.build.json'),
    ...filesUnder(path.join(at, 'src')),
  ]);
  for (const file of ['tsconfig.base.json', 'turbo.json', ...files]) {
    const status = statSync(path.join(root, file), { throwIfNoEntry: false });
    hash.update(`\0${file} ${status?.size} ${status?.mtimeMs}`);
  }
  return hash.digest('hex');
}

/** @returns {boolean} every package has been compiled at some time */
export function everyPackageIsBuilt() {
  return packageFolders().every((at) => existsSync(path.join(root, at, 'dist', '.tsbuildinfo')));
}

/** @returns {string[]} relative to the root, sorted */
function packageFolders() {
  return ['packages', 'apps'].flatMap((parent) =>
    readdirSync(path.join(root, parent))
      .map((name) => path.join(parent, name))
      .filter((at) => existsSync(path.join(root, at, 'package.json')))
      .sort(),
  );
}

/**
 * @param {string} at relative to the root
 * @returns {string[]}
 */
function filesUnder(at) {
  return readdirSync(path.join(root, at), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = path.join(at, entry.name);
      return entry.isDirectory() ? filesUnder(inside) : [inside];
    });
}
