/** The example in the README is the one that is type-checked, and it runs. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../examples/write-send-read.ts', import.meta.url));

it('shows an example that is type-checked', async () => {
  const shown = /```ts\n([^]*?)```/.exec(await readFile(README, 'utf8'))?.[1];
  expect(shown).toBe(await readFile(EXAMPLE, 'utf8'));
});

it('shows an example that runs', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--conditions=@posthouse/source', EXAMPLE]);
  expect(stdout).toMatch(/Grüße Hello Bob\n numbers\.csv\n$/);
});
