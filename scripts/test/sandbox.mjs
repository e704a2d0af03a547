/**
 * A small repository in a temporary folder (with a space in its path) around a copy of the scripts:
 * `pnpm` and `turbo` are stand-ins that write down that they were called, and the stack's main.js
 * prints its arguments.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const scripts = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @typedef {object} Sandbox
 * @property {string} root
 * @property {NodeJS.ProcessEnv} env in which the stand-ins come first on PATH
 * @property {(file: string, text: string) => void} write
 * @property {() => string[]} calls of the stand-ins since the last look
 * @property {() => void} remove
 */

/** @returns {Sandbox} */
export function createSandbox() {
  const root = path.join(mkdtempSync(path.join(tmpdir(), 'posthouse-bootstrap-')), 'a clone');
  const log = path.join(root, 'calls');
  const write = (/** @type {string} */ file, /** @type {string} */ text) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const standIn = (/** @type {string} */ name, /** @type {string} */ body) => {
    write(`tools/${name}`, `#!/bin/sh\n${body}\n`);
    chmodSync(path.join(root, 'tools', name), 0o755);
  };
  cpSync(scripts, path.join(root, 'scripts'), { recursive: true });
  write('package.json', '{ "type": "module", "packageManager": "pnpm@12.21.0" }');
  write('pnpm-lock.yaml', '');
  write('pnpm-workspace.yaml', '');
  write('tsconfig.base.json', '{}');
  write('turbo.json', '{}');
  mkdirSync(path.join(root, 'packages'));
  write('apps/stack/package.json', '{ "type": "module" }');
  write('apps/stack/tsconfig.build.json', '{}');
  write('apps/stack/src/main.ts', '');
  standIn('pnpm', '[ "$1" = --version ] && echo 12.30.0 && exit\necho "pnpm $*" | tee -a calls');
  standIn(
    'turbo',
    'echo "turbo $*" | tee -a calls\n[ -e broken ] && exit 3\nmkdir -p apps/stack/dist\n' +
      'echo "console.log(JSON.stringify(process.argv.slice(2)))" > apps/stack/dist/main.js\n' +
      ': > apps/stack/dist/.tsbuildinfo',
  );
  return {
    root,
    env: {
      ...process.env,
      PATH: [path.join(root, 'tools'), process.env['PATH']].join(path.delimiter),
    },
    write,
    calls() {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
      rmSync(log, { force: true });
      return lines;
    },
    remove: () => rmSync(path.dirname(root), { recursive: true }),
  };
}
