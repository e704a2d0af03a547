/** The directory of a system: certificate, accounts, secret and configuration. Goes with the test. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { ensureDevelopmentCertificate } from '../../src/certificate/development-certificate.ts';
import type { AtEnd, Sections } from './mail-system.ts';

const DOMAIN = 'example.test';

const PASSWORDS = { alice: 'correct horse', bob: 'battery staple', carol: 'over the moon' };

export interface Workplace {
  readonly directory: string;
  /** PEM. */
  readonly ca: string;
  /** Account → password. */
  readonly accounts: Readonly<Record<string, string>>;
}

/** Makes one, with accounts in the domain. */
export async function createWorkplace(atEnd: AtEnd, domain: string = DOMAIN): Promise<Workplace> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-journey-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  const accounts: Record<string, string> = {};
  for (const [name, password] of Object.entries(PASSWORDS)) {
    accounts[`${name}@${domain}`] = password;
    await addAccount({ path: join(directory, 'accounts') }, `${name}@${domain}`, password);
  }
  await writeFile(join(directory, 'secret'), 'between our own agents\n');
  const ca = await certify(directory);
  return { directory, accounts, ca: await readFile(ca, 'utf8') };
}

/** Makes a certificate of the same authority, anew where there is one. */
export async function certify(directory: string): Promise<string> {
  await rm(join(directory, 'server.pem'), { force: true });
  const names = ['localhost', '127.0.0.1', '::1'];
  const options = { directory, names, now: Date.now() };
  return (await ensureDevelopmentCertificate(options, createDisk())).authorityFile;
}

/** Where an account's mail lies below a state directory. */
export function maildirIn(stateDirectory: string, account: string): string {
  return join(stateDirectory, 'mail', ...account.split('@').toReversed(), 'Maildir');
}

/** What every configuration of a journey has. Ports are free ones. */
const COMMON: Sections = {
  server: { hostname: `mail.${DOMAIN}` },
  domains: { own: [DOMAIN] },
  accounts: { file: 'accounts' },
  tls: { certificate_file: 'server.pem', key_file: 'server.key', ca_file: 'ca.pem' },
  submission: { listen: '127.0.0.1:0', listen_tls: '127.0.0.1:0' },
  relay: { listen: '127.0.0.1:0' },
  delivery: { listen: '127.0.0.1:0' },
};

/** The text of a configuration file; of a key that is there twice the later one counts. */
export function configurationText(...all: readonly Sections[]): string {
  const layers = [COMMON, ...all];
  const names = new Set(layers.flatMap((sections) => Object.keys(sections)));
  return [...names]
    .map((name) => {
      const section = Object.assign({}, ...layers.map((sections) => sections[name])) as object; // of objects
      return `[${name}]\n${pairs(section).join('\n')}\n`;
    })
    .join('\n');
}

function pairs(table: object): readonly string[] {
  return Object.entries(table).map(([key, value]) => `${JSON.stringify(key)} = ${toml(value)}`);
}

function toml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`;
  const isTable = typeof value === 'object' && value !== null;
  return isTable ? `{ ${pairs(value).join(', ')} }` : JSON.stringify(value);
}
