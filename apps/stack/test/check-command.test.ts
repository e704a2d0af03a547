/** `posthouse check` warns of what is right as a file and wrong in the world. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { expect, onTestFinished, test } from 'vitest';
import { ensureDevelopmentCertificate } from '../src/certificate/development-certificate.ts';
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

test('a certificate that cannot be used and a relay for everybody are named', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-check-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const old = { directory, names: ['a.test'], now: Date.UTC(2020, 0, 1) };
  await ensureDevelopmentCertificate(old, createDisk());
  const check = async (certificateFile: string): Promise<string> => {
    const tls = `[tls]\ncertificate_file = "${certificateFile}"\nkey_file = "server.key"\n`;
    const relay = '[relay]\ntrusted_networks = ["::/0"]\n';
    await writeFile(join(directory, 'posthouse.toml'), tls + relay);
    const { code, err } = await posthouse(directory, ['check']);
    expect(code).toBe(0);
    return err;
  };
  expect(await check('server.pem')).toMatch(/warning: .*server\.pem was valid until 2020-/);
  expect(await check('server.key')).toContain('warning: No certificate and key in ');
  expect(await check('gone.pem')).toContain('warning: The certificate cannot be read: ENOENT');
  expect(await check('gone.pem')).toContain('::/0: everybody who can connect may send to anybody');
});
