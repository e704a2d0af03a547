/**
 * Examples are true: those under `examples/` and those in a README are type-checked, run and
 * end well, each in an empty directory and with nothing but the packages.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const folders = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(join(root, parent))
    .map((name) => join(root, parent, name))
    .filter((folder) => existsSync(join(folder, 'package.json'))),
);
const examples = folders.flatMap((folder) => filesIn(join(folder, 'examples')));
const shown = [root, ...folders].flatMap(shownIn);
/** An agent runs until it is stopped: asked for help it says what it is and ends. */
const fixture = (name: string): string => join(root, 'packages/smtp/test/fixtures', name);
const withArguments: Readonly<Record<string, readonly string[]>> = {
  'packages/process/README.md': ['--help'],
  // An empty spool, whose relay is not asked.
  'packages/sendmail/examples/collector.ts': ['spool', '2525'],
  // It listens with the certificate that it is given.
  'packages/submission/examples/submission.ts': [
    fixture('listener-cert.pem'),
    fixture('listener-key.pem'),
  ],
};

/** Like a project that has installed the packages. */
let project = '';

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'posthouse-examples-'));
  mkdirSync(join(project, 'node_modules', '@posthouse'), { recursive: true });
  for (const folder of folders) {
    const link = join(project, 'node_modules', '@posthouse', basename(folder));
    symlinkSync(folder, link, 'junction');
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  for (const { file, text } of shown) writeFileSync(join(project, file), text);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

test.each(examples.map((file) => [relative(root, file).replaceAll(sep, '/'), file] as const))(
  '%s runs',
  async (name, file) => {
    await expectGoodEnd(file, withArguments[name]);
  },
);

describe('the code in a README that is no part of an example', () => {
  test('is type-checked', async () => {
    const settings = {
      extends: join(root, 'tsconfig.check.json'),
      compilerOptions: {
        typeRoots: [join(root, 'node_modules', '@types')],
        noUnusedParameters: false, // an example shows what is given
      },
      include: ['*.ts'],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(settings));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await run(process.execPath, [compiler, '-p', project]).catch(outputOf);
    expect(stdout).toBe('');
  });

  test.each(shown)('runs: $readme', async ({ readme, file }) => {
    await expectGoodEnd(join(project, file), withArguments[readme]);
  });
});

async function expectGoodEnd(file: string, args: readonly string[] = []): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), 'posthouse-example-'));
  try {
    const command = ['--conditions=@posthouse/source', file, ...args];
    const { stderr } = await run(process.execPath, command, { cwd });
    expect(stderr).toBe('');
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

interface ShownCode {
  /** From the root, with forward slashes. */
  readonly readme: string;
  /** What it is called in the project. */
  readonly file: string;
  readonly text: string;
}

/** The TypeScript in a README, but for what is a part of an example and is tried with it. */
function shownIn(folder: string): readonly ShownCode[] {
  const path = join(folder, 'README.md');
  if (!existsSync(path)) return [];
  const readme = relative(root, path).replaceAll(sep, '/');
  const tried = filesIn(join(folder, 'examples')).map((file) => readFileSync(file, 'utf8'));
  return [...readFileSync(path, 'utf8').matchAll(/```ts\n([^]*?)```/g)]
    .map(([, text = '']) => text)
    .filter((text) => !tried.some((example) => example.includes(text)))
    .map((text, place) => ({
      readme,
      file: `${basename(folder)}-${place}.ts`,
      text,
    }));
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** What a command that ended badly has said. */
function outputOf(failure: unknown): { readonly stdout: string } {
  const said = typeof failure === 'object' && failure !== null && 'stdout' in failure;
  return { stdout: said ? String(failure.stdout) : String(failure) };
}
