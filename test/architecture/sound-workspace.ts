/**
 * A small workspace that breaks no rule, as files by path, and the pieces to plant a violation with:
 * `mail`, `smtp` on it, and the agent `relay`.
 */
import { fences } from './fences.ts';

const relayReaches = [...(fences['relay']?.uses ?? []), 'testkit'];

export function importing(module: string): string {
  return `/** Imports something. */\nimport { something } from '${module}';\n`;
}

export function manifest(
  dependencies: Readonly<Record<string, string>>,
  devDependencies: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({ dependencies, devDependencies });
}

export function references(...folders: readonly string[]): string {
  const paths = folders.map((folder) => ({ path: `../${folder}/tsconfig.build.json` }));
  return JSON.stringify({ references: paths });
}

export function tags(...names: readonly string[]): string {
  return JSON.stringify({ tags: names });
}

/** turbo.json, with what `smtp` may reach. */
export function boundaries(...smtpReaches: readonly string[]): string {
  const rules = {
    mail: { dependencies: { allow: [] } },
    smtp: { dependencies: { allow: smtpReaches } },
    relay: { dependencies: { allow: relayReaches } },
  };
  return JSON.stringify({ boundaries: { tags: rules } });
}

export const soundWorkspace: Readonly<Record<string, string>> = {
  'turbo.json': boundaries('mail', 'testkit'),
  'packages/mail/package.json': manifest({}),
  'packages/mail/turbo.json': tags('vocabulary', 'mail'),
  'packages/mail/src/index.ts':
    "/** All names. */\nexport { parsePath } from './path.ts';\nexport type {\n  Path,\n} from './path.ts';\n",
  'packages/mail/src/path.ts': '/** A path. */\nexport type Path = string;\n',
  'packages/smtp/package.json': manifest(
    { '@posthouse/mail': 'workspace:*', 'smtp-server': 'catalog:' },
    { '@posthouse/testkit': 'workspace:*' },
  ),
  'packages/smtp/tsconfig.build.json': references('mail'),
  'packages/smtp/turbo.json': tags('mechanism', 'smtp'),
  'packages/smtp/src/listener.ts': importing('smtp-server/lib/smtp-connection.js'),
  'packages/smtp/src/testing/peer.ts': importing('vitest'),
  'packages/relay/package.json': manifest({}),
  'packages/relay/turbo.json': tags('agent', 'relay'),
  'packages/relay/src/route.ts': importing('node:net'),
  'packages/relay/src/bin.ts':
    '#!/usr/bin/env node\n/**\n * Runs it:\n *\n *     import x from "left-pad"\n */\n' +
    "import { run } from '@posthouse/process';\nrun(process.argv);\n",
  'packages/README.md': 'No package.',
};
