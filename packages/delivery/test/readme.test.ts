import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../examples/deliver.ts', import.meta.url));

test('the example in the README is the heart of the one that is type-checked', async () => {
  const [, shown = ''] = /```ts\n([^]*?)```/.exec(await readFile(README, 'utf8')) ?? [];
  expect(await readFile(EXAMPLE, 'utf8')).toContain(shown);
  expect(shown.length).toBeGreaterThan(500);
});

test('the example runs', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--conditions=@posthouse/source', EXAMPLE]);
  expect(stdout).toBe(
    'delivered\nReturn-Path: <>\nDelivered-To: alice@example.test\nSubject: hello\n\nHello Alice!\n\n',
  );
});
