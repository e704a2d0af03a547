/**
 * The repository keeps its own architecture, and the rules that say so do find what they are for:
 * each is shown a small sound workspace on disk with one violation planted in it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findViolations } from './architecture/rules.ts';
import {
  boundaries,
  importing,
  manifest,
  references,
  soundWorkspace,
  tags,
} from './architecture/sound-workspace.ts';
import { readWorkspace } from './architecture/workspace.ts';

const aFile = 'packages/mail/src/a.ts';
const aRelayFile = 'packages/relay/src/a.ts';
const comment = '/** A comment. */\n';

test('the repository breaks none of its rules', () => {
  expect(findViolations(readWorkspace(join(import.meta.dirname, '..')))).toEqual([]);
});

test('nor does a sound workspace', () => {
  expect(violationsWith({})).toEqual([]);
});

test('comments and blank lines do not count', () => {
  const text = `${comment}${'void 0;\n'.repeat(400)}${'\n// why\n'.repeat(50)}`;
  expect(violationsWith({ [aFile]: text })).toEqual([]);
});

test.each<readonly [rule: string, file: string, text: string, message: string]>([
  [
    'agents never import agents',
    aRelayFile,
    importing('@posthouse/submission'),
    'must not import @posthouse/submission',
  ],
  [
    'a type-only import is an import',
    aFile,
    `${comment}import type { Listener } from '@posthouse/smtp';\n`,
    'must not import @posthouse/smtp',
  ],
  [
    'an import over several lines is one',
    aFile,
    `${comment}import {\n  type A,\n  b,\n} from 'zod';\n`,
    'must not import zod',
  ],
  [
    'a re-export is an import',
    aFile,
    `${comment}export { b } from 'zod';\n`,
    'must not import zod',
  ],
  ['an import for its effect is one', aFile, `${comment}import 'zod';\n`, 'must not import zod'],
  [
    'a lazy import is one',
    aRelayFile,
    `${comment}const a = await import('mailauth');\n`,
    'must not import mailauth',
  ],
  [
    'subpaths of a library are fenced',
    aRelayFile,
    importing('smtp-server/lib/smtp-stream.js'),
    'must not import smtp-server',
  ],
  ['node:sqlite is fenced', aRelayFile, importing('node:sqlite'), 'must not import node:sqlite'],
  ['libraries are listed', aRelayFile, importing('left-pad'), 'must not import left-pad'],
  [
    'test libraries stay in src/testing',
    'packages/smtp/src/a.ts',
    importing('vitest'),
    'must not import vitest',
  ],
  [
    'the process scaffold is for executables',
    aRelayFile,
    importing('@posthouse/process'),
    'only packages/relay/src/bin.ts',
  ],
  [
    'a relative path stays in the package',
    aRelayFile,
    importing('../../mail/src/index.ts'),
    "leaves the package's sources",
  ],
  [
    'edges are listed',
    'packages/mail/package.json',
    manifest({}, { '@posthouse/smtp': 'workspace:*' }),
    'must not depend on smtp, not even in tests',
  ],
  [
    'nothing below testkit uses it',
    'packages/mail/package.json',
    manifest({}, { '@posthouse/testkit': 'workspace:*' }),
    'must not depend on testkit',
  ],
  [
    'libraries in a manifest are listed',
    'packages/mail/package.json',
    manifest({ zod: '4.0.0' }),
    'zod is not listed',
  ],
  [
    'a dependency is a build reference',
    'packages/smtp/tsconfig.build.json',
    references(),
    'must refer to mail',
  ],
  [
    'a build reference is a dependency',
    'packages/mail/tsconfig.build.json',
    references('smtp'),
    'refers to smtp, unused',
  ],
  [
    'a package is tagged with its kind',
    'packages/smtp/turbo.json',
    tags('smtp'),
    'the tag mechanism is missing',
  ],
  ['turbo allows what is listed', 'turbo.json', boundaries('mail'), 'smtp must allow testkit'],
  [
    'turbo allows no more than that',
    'turbo.json',
    boundaries('mail', 'testkit', 'queue'),
    'smtp must not allow queue',
  ],
  [
    'a package has its place',
    'packages/extra/package.json',
    manifest({}),
    'packages/extra: give it a place',
  ],
  ['a name says something', 'packages/mail/src/path-utils.ts', comment, 'the name says nothing'],
  ['there are no grab-bags', 'packages/mail/src/types.ts', comment, 'the name says nothing'],
  ['files are short', aFile, `${comment}${'void 0;\n'.repeat(401)}`, '401 lines of code'],
  ['a file opens with a comment', aFile, '// A.\nexport {};\n', 'open it with a block comment'],
  ['of at most 12 lines', aFile, `/**\n${' * A.\n'.repeat(13)} */\n`, 'has 13 lines'],
  [
    'an index holds no code',
    'packages/mail/src/index.ts',
    `${comment}export const a = 1;\n`,
    'only re-exports by name',
  ],
  [
    'an index names what it exports',
    'packages/mail/src/index.ts',
    `${comment}export * from './a.ts';\n`,
    'only re-exports by name',
  ],
  [
    'a library leaves the environment alone',
    aFile,
    `${comment}void process.env['A'];\n`,
    'process.env belongs to executables',
  ],
])('%s', (_rule, file, text, message) => {
  expect(violationsWith({ [file]: text })).toEqual([expect.stringContaining(message)]);
});

function violationsWith(planted: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'posthouse-architecture-'));
  try {
    for (const [file, text] of Object.entries({ ...soundWorkspace, ...planted })) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return findViolations(readWorkspace(root));
  } finally {
    rmSync(root, { recursive: true });
  }
}
