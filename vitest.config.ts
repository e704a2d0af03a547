/**
 * One vitest run for the whole repository. A project is a folder: each package and app that has a
 * manifest, named after its folder, and `root` for the tests of the repository itself, so a new
 * package is found by itself. Tests see sources, never a stale dist, through the condition
 * `@posthouse/source`. Tests that need a system package end in `.interop.test.ts` and run only when
 * POSTHOUSE_INTEROP is set: `npm test` needs nothing but npm. With POSTHOUSE_CRASH it is one of
 * the crash suites (`npm run test:crash`, `test:power`, `test:sweep`, `test:disk`).
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

const root = import.meta.dirname;
const conditions = ['@posthouse/source', 'module', 'node', 'development|production'];
const interop = process.env['POSTHOUSE_INTEROP'] !== undefined;
const crash = process.env['POSTHOUSE_CRASH']; // `kill`, `power`, `sweep` or `disk`

function packageFolders(parent: string): readonly string[] {
  return readdirSync(join(root, parent))
    .filter((name) => existsSync(join(root, parent, name, 'package.json')))
    .map((name) => `${parent}/${name}`)
    .toSorted();
}

function project(folder: string, name: string) {
  return {
    extends: true as const,
    root: join(root, folder),
    test: { name },
  };
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: crash
      ? [`crash/**/${crash}.crash.test.ts`]
      : interop
        ? ['test/**/*.interop.test.ts']
        : ['test/**/*.test.ts', 'scripts/test/**/*.test.mjs'],
    exclude: interop ? [] : ['**/*.interop.test.ts'],
    // Tests wait for events: a limit is for hangs, and a busy machine is none.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: true,
    reporters: ['default'],
    projects: [
      project('.', 'root'),
      ...['packages', 'apps']
        .flatMap(packageFolders)
        .map((folder) => project(folder, folder.slice(folder.indexOf('/') + 1))),
    ],
  },
});

export default config;
