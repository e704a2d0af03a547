/** The directory of a system: certificate, accounts, secret and configuration. Goes with the test. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount } from '@posthouse/directory';
import { createAuthority, createServerCertificate } from '@posthouse/transport-security';
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
  const authority = createAuthority({ ...lifetime(), commonName: AUTHORITY, names: NAMES });
  await writeFile(join(directory, 'ca.pem'), authority.certificate);
  await writeFile(join(directory, 'ca.key'), authority.key);
  await certify(directory);
  return { directory, accounts, ca: authority.certificate };
}

/** Makes a server's certificate, anew where there is one, of the authority that is there. */
export async function certify(directory: string): Promise<void> {
  const file = (name: string): string => join(directory, name);
  const [certificate, key] = [await readFile(file('ca.pem')), await readFile(file('ca.key'))];
  const authority = { certificate: String(certificate), key: String(key), commonName: AUTHORITY };
  const made = createServerCertificate(
    { ...lifetime(), commonName: 'localhost', names: NAMES },
    authority,
  );
  await writeFile(file('server.pem'), made.certificate);
  await writeFile(file('server.key'), made.key);
}

const AUTHORITY = 'Authority of a journey';
const NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

function lifetime(): { readonly notBefore: number; readonly notAfter: number } {
  return { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 };
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
