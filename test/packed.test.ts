/**
 * The packages as others get them: packed, installed by npm into a project of its own, imported
 * by their names, and put to work. Needs what is built, and npm.
 */
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const examples = join(root, 'apps', 'stack', 'examples');
const published = ['packages', 'apps']
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
  .filter((folder) => existsSync(join(folder, 'package.json')))
  .map((folder) => ({ folder, ...readManifest(join(folder, 'package.json')) }))
  .filter((manifest) => manifest.private !== true);
let project = '';

beforeAll(async () => {
  const unbuilt = published.filter(({ folder }) => !existsSync(join(folder, 'dist')));
  if (unbuilt.length > 0) throw new Error('nothing is built: "npm run build" does it');
  project = mkdtempSync(join(tmpdir(), 'posthouse-packed-'));
  const tarballs = join(project, 'tarballs');
  mkdirSync(tarballs);
  await run('pnpm', ['-r', 'pack', '--pack-destination', tarballs], root);
  const files = Object.fromEntries(
    published.map(({ name, version }) => {
      const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
      return [name, `file:${join(tarballs, file)}`];
    }),
  );
  const manifest = { type: 'module', private: true, dependencies: files, overrides: files };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], project);
}, 180_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

test('each is imported by its name', async () => {
  const imports = published.map(({ name }) => `await import('${name}');`).join('\n');
  expect(await node('--input-type=module', '--eval', imports)).toBe('');
});

test.each([
  ['embedded.ts', 'alice@posthouse.test Hello\n'],
  ['side-by-side.ts', 'alice@left.test Over there\n'],
])('a program that embeds the stack runs: %s', async (file, end) => {
  copyFileSync(join(examples, file), join(project, file));
  const output = await node(file);
  expect(output.endsWith(end)).toBe(true);
});

test('their types need nothing of ours', async () => {
  for (const file of readdirSync(examples)) copyFileSync(join(examples, file), join(project, file));
  const settings = {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable'],
      strict: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: ['*.ts'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings));
  expect(await node(join(root, 'node_modules', 'typescript', 'bin', 'tsc'))).toBe('');
});

test('their commands run', async () => {
  const bins = published.flatMap(({ name, bin = {} }) =>
    Object.values(bin).map((file) => join(project, 'node_modules', name, file)),
  );
  expect(bins.length).toBeGreaterThanOrEqual(4);
  for (const bin of bins)
    expect(await node(bin, '--help')).toMatch(/^Usage: (posthouse|sendmail)/m);
});

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest; // ours, and checked by the tools
}

/** What a program in the project writes. @throws Error with what it said where it ends badly */
function node(...args: readonly string[]): Promise<string> {
  return run(process.execPath, args, project);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  // npm and pnpm are scripts on Windows.
  const shell = process.platform === 'win32' && command !== process.execPath;
  const { stdout } = await promisify(execFile)(command, args, { cwd, shell });
  return stdout;
}
