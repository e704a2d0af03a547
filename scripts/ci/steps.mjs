/**
 * The steps of the gate, in order. A step is a name and commands of the pinned toolchain (`npm` and
 * `node` are the machine's: a newcomer's way in is tried as it is); it fails when one of them does. Steps that look at what is built come after `build`. A suite that needs a
 * system package is a step of its own behind them: it installs what it needs, and its vitest report
 * counts towards the total.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from '../bootstrap/pins.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly (readonly string[])[]} commands each a command and its arguments
 * @property {boolean} [blocking] when it fails, the later steps could say nothing
 * @property {string} [report] the vitest report that its tests leave in .reports
 */

const attwOptions = ['--profile', 'esm-only', '--format', 'ascii', '--no-emoji'];

/** @type {readonly Step[]} */
export const steps = [
  { name: 'install', commands: [['node', 'scripts/run.mjs', 'install']], blocking: true },
  { name: 'format', commands: [['oxfmt', '--check']] },
  {
    name: 'types',
    commands: [
      ['tsc', '-p', 'tsconfig.check.json'],
      ['tsc', '-p', 'scripts'],
    ],
  },
  { name: 'lint', commands: [['oxlint', '--type-aware', '--deny-warnings']] },
  { name: 'boundaries', commands: [['turbo', 'boundaries']] },
  { name: 'manifests', commands: [['sherif']] },
  { name: 'dead code', commands: [['knip', '--no-config-hints']] },
  { name: 'tests', commands: [['npm', 'test', '--silent']], report: 'vitest' },
  {
    name: 'kill -9',
    commands: [['npm', 'run', '--silent', 'test:crash', '--', '--kills', '60']],
    report: 'kill',
  },
  {
    name: 'crash points',
    commands: [
      ['node', 'scripts/ci/install.mjs', 'strace'],
      ['npm', 'run', '--silent', 'test:sweep', '--', '--calls', 'rename,unlink'],
    ],
    report: 'sweep',
  },
  {
    name: 'disk faults',
    commands: [['npm', 'run', '--silent', 'test:disk']],
    report: 'disk',
  },
  {
    name: 'power cuts',
    commands: [
      ['node', 'scripts/ci/install.mjs', 'e2fsprogs', 'libeatmydata1', 'python3'],
      ['npm', 'run', '--silent', 'test:power', '--', '--cuts', '2'],
    ],
    report: 'power',
  },
  { name: 'build', commands: [['node', 'scripts/run.mjs', 'build']], blocking: true },
  {
    name: 'published files',
    commands: publishedFolders().map((folder) => ['publint', 'run', '--strict', folder]),
  },
  {
    name: 'published types',
    commands: publishedFolders().map((folder) => ['attw', '--pack', folder, ...attwOptions]),
  },
  { name: 'interop', commands: [['node', 'scripts/ci/interop.mjs']], report: 'interop' },
];

/** @returns {string[]} of the packages that are not private */
function publishedFolders() {
  return ['packages', 'apps']
    .flatMap((parent) => readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => {
      const file = path.join(root, folder, 'package.json');
      if (!existsSync(file)) return false;
      const manifest = /** @type {{ private?: boolean }} */ (
        JSON.parse(readFileSync(file, 'utf8'))
      );
      return manifest.private !== true;
    });
}
