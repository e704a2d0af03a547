/** `posthouse check` warns of what is right as a file and wrong in the world. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount } from '@posthouse/directory';
import { expect, onTestFinished, test } from 'vitest';
import { posthouse } from './system/commands.ts';

test('aliases that lead to nobody are named, and the file is right', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-check-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await addAccount({ path: join(directory, 'accounts') }, 'alice@example.test', 'secret');
  await writeFile(
    join(directory, 'posthouse.toml'),
    `[domains]
own = ["example.test"]
[accounts]
file = "accounts"
[aliases]
"info@example.test" = ["alice@example.test", "bob@example.test", "x@elsewhere.test"]
"team@example.test" = ["info@example.test"]
`,
  );
  const { code, err, out } = await posthouse(directory, ['check']);
  expect(code).toBe(0);
  expect(out).toMatch(/posthouse\.toml is right\n$/);
  expect(err.match(/warning: the alias (?:info|team)@example\.test leads to bob@/g)).toHaveLength(
    2,
  );
});

test('secrets that cannot be read are named', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-check-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const hop =
    '{ host = "smtp.example.com", port = 587, user = "me", password_file = "secrets/gone" }';
  await writeFile(
    join(directory, 'posthouse.toml'),
    `[relay]\noutbound = "relayhost"\nrelayhost = ${hop}\n`,
  );
  const { code, err } = await posthouse(directory, ['check']);
  expect(code).toBe(0);
  expect(err).toMatch(/warning: The password cannot be read: .*secrets.gone/);
});
