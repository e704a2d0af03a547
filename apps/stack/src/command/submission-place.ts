/**
 * Where a command submits to: what the command line names, a provider, or the stack of this
 * directory: as its configuration says, or the demo, whose facts lie in `demo.json`.
 *
 * Passwords come from a file, from the environment or, for the demo's accounts, from
 * its facts: never from the command line, which every user of a machine can read.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { parseMailbox } from '@posthouse/mail';
import { ExitError, loadConfiguration, readSecret } from '@posthouse/process';
import { findProvider, inRegion } from '@posthouse/providers';
import type { Provider } from '@posthouse/providers';
import type { SubmissionFacts, SubmissionServer } from '@posthouse/user-agent';
import { readDemoFacts } from '../demo/demo-facts.ts';
import { textValue } from './arguments.ts';
import type { Arguments } from './arguments.ts';

export const SERVER_OPTIONS = {
  server: { type: 'string' },
  provider: { type: 'string' },
  region: { type: 'string' },
  tls: { type: 'string' },
  ca: { type: 'string' },
  user: { type: 'string' },
  'password-file': { type: 'string' },
} as const;

export const SERVER_USAGE = `
Where to, if not to the stack of this directory:
  --server HOST[:PORT]        587 if no port is given
  --provider NAME             for example gmail, outlook, sendgrid, mailgun, ses, postmark
  --region NAME               of a provider that has some, for example eu-west-1
  --tls MODE                  required (STARTTLS, the default), implicit (port 465) or off
  --ca FILE                   certificate authority to trust (PEM)
  --user NAME                 to log in with; the address of --from if not given
  --password-file FILE        else the variable POSTHOUSE_PASSWORD
  --config FILE               configuration of the stack`;

/** A server, and what an explanation of a failure may name. */
export interface SubmissionPlace {
  readonly server: SubmissionServer;
  readonly facts: SubmissionFacts;
  /** The stack of this directory. */
  readonly isLocal: boolean;
}

const PASSWORD_VARIABLE = 'POSTHOUSE_PASSWORD';

/** @param author the address that is written from @throws ExitError */
export async function findServer(given: Arguments, author: string): Promise<SubmissionPlace> {
  refuseIdleOptions(given);
  const name = textValue(given, 'provider');
  const address = textValue(given, 'server');
  if (name === undefined && address === undefined) return localPlace(given, author);
  const provider = name === undefined ? undefined : providerOf(name, textValue(given, 'region'));
  const { host, port } = provider ?? parseAddress(address ?? '');
  const password = await passwordOf(given);
  const user = textValue(given, 'user') ?? userOf(provider, password) ?? author;
  refuseHalfLogin(given, user, password);
  const caFile = textValue(given, 'ca');
  const server: SubmissionServer = {
    host,
    port,
    tls: provider?.tls ?? tlsOf(given, port),
    ...(caFile !== undefined && { ca: await readAuthority(caFile, '--ca') }),
    ...loginOf(user, password),
  };
  // A token that stands for the name, too, is no name to show.
  const shown = user === password ? undefined : user;
  return { server, facts: { host, port, user: shown, provider }, isLocal: false };
}

type Place = 'provider' | 'server';

/** Options that only some places have a use for, and the one that is most likely missing. */
const USES: readonly (readonly [option: string, of: readonly Place[], missing: string])[] = [
  ['tls', ['server'], '--server HOST[:PORT]'],
  ['ca', ['server', 'provider'], '--server HOST[:PORT]'],
  ['region', ['provider'], '--provider NAME'],
];

/** @throws ExitError `usage` for an option that would have no effect */
function refuseIdleOptions({ values }: Arguments): void {
  const places = (['server', 'provider', 'config'] as const).filter(
    (name) => values[name] !== undefined,
  );
  if (places.length > 1) {
    const text = `--${places.join(' and --')} each say where to: leave all but one out`;
    throw new ExitError('usage', text);
  }
  const idle = USES.find(
    ([option, of]) => values[option] !== undefined && !of.some((place) => places.includes(place)),
  );
  if (idle === undefined) return;
  const [option, , missing] = idle;
  throw new ExitError('usage', `--${option} goes with ${missing}: add that, or leave it out`);
}

/** @throws ExitError `usage` for a name without a password, or a password without a name */
function refuseHalfLogin(given: Arguments, user: string, password: string | undefined): void {
  if (password === undefined && given.values['user'] !== undefined) {
    const text = `--user ${user} needs a password: give --password-file FILE, or the variable ${PASSWORD_VARIABLE}`;
    throw new ExitError('usage', text);
  }
  if (user === '' && given.values['password-file'] !== undefined) {
    throw new ExitError('usage', '--password-file needs --user NAME: who logs in with it');
  }
}

/** Without a name a password says nothing: it is the environment's, for other commands. */
function loginOf(user: string, password: string | undefined): Pick<SubmissionServer, 'login'> {
  return user === '' || password === undefined ? {} : { login: { user, password } };
}

/** The name that everybody logs in with at a provider, where there is one. */
function userOf(provider: Provider | undefined, password: string | undefined): string | undefined {
  if (provider?.user === undefined) return undefined;
  return provider.user.kind === 'fixed' ? provider.user.name : password;
}

/** The stack of this directory: what its configuration says, or the demo's facts. */
async function localPlace(given: Arguments, author: string): Promise<SubmissionPlace> {
  const named = textValue(given, 'config');
  const { configuration, path } = await loadConfiguration(named, readConfiguration);
  const stack =
    path === undefined ? await demoStack(configuration) : await configuredStack(configuration);
  const { ca, host, port } = stack;
  const address = parseMailbox(author.replace(/^.*<(.*)>\s*$/, '$1'));
  const user =
    textValue(given, 'user') ?? (address && `${address.localPart}@${address.domain}`) ?? author;
  const password = (await passwordOf(given)) ?? stack.passwords.get(user);
  refuseHalfLogin(given, user, password);
  const server: SubmissionServer = {
    host,
    port,
    tls: 'required',
    ...(ca !== undefined && { ca }),
    ...loginOf(user, password),
  };
  return { server, facts: { host, port, user }, isLocal: true };
}

interface LocalStack {
  readonly host: string;
  readonly port: number;
  readonly ca: string | undefined;
  /** Of the demo's accounts. */
  readonly passwords: ReadonlyMap<string, string>;
}

async function demoStack({ server }: Configuration): Promise<LocalStack> {
  const facts = await readDemoFacts(server.stateDirectory);
  if (facts?.submission === undefined) {
    const text =
      'No stack has run in this directory: start one with "posthouse up", or give --server';
    throw new ExitError('usage', text);
  }
  const { host, port } = facts.submission;
  const passwords = new Map(facts.accounts.map(({ password, user }) => [user, password]));
  return { host, port, ca: await readAuthority(facts.ca, 'ca in demo.json'), passwords };
}

/** Its own authority is the one that a stack without a certificate has made. */
async function configuredStack({ server, submission, tls }: Configuration): Promise<LocalStack> {
  const { listen } = submission;
  if (listen === undefined || !('port' in listen)) {
    throw new ExitError('usage', 'submission.listen names no port: give --server HOST:PORT');
  }
  const isAny = listen.host === '0.0.0.0' || listen.host === '::';
  const isHere = isAny || listen.host === '127.0.0.1' || listen.host === '::1';
  const own = join(server.stateDirectory, 'tls', 'ca.pem');
  const ca =
    tls.caFile === undefined
      ? await readFile(own, 'utf8').catch(() => undefined)
      : await readAuthority(tls.caFile, 'tls.ca_file');
  const host = isHere
    ? tls.certificate === undefined
      ? 'localhost'
      : server.hostname
    : listen.host;
  return { host, port: listen.port, ca, passwords: new Map() };
}

/** @param named what names the file @throws ExitError `noInput` */
async function readAuthority(path: string, named: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The certificate authority (${named}) cannot be read: ${reason}`;
    throw new ExitError('noInput', text, error);
  }
}

function providerOf(name: string, region: string | undefined): Provider {
  const provider = findProvider(name);
  if (provider === undefined) {
    throw new ExitError('usage', `There is no provider ${name}; give --server HOST:PORT instead`);
  }
  const place = region === undefined ? provider : inRegion(provider, region);
  if (place !== undefined) return place;
  throw new ExitError('usage', `${provider.name} has no region ${region}`);
}

function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? 587 : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new ExitError('usage', `--server wants HOST or HOST:PORT, not ${address}`);
  }
  return { host, port };
}

function tlsOf(given: Arguments, port: number): SubmissionServer['tls'] {
  const mode = textValue(given, 'tls') ?? (port === 465 ? 'implicit' : 'required');
  if (mode === 'implicit' || mode === 'required' || mode === 'off') return mode;
  throw new ExitError('usage', `--tls is required, implicit or off, not ${mode}`);
}

async function passwordOf(given: Arguments): Promise<string | undefined> {
  const path = textValue(given, 'password-file');
  if (path !== undefined) return readSecret({ kind: 'file', path });
  const fromEnvironment = process.env[PASSWORD_VARIABLE];
  return fromEnvironment === '' ? undefined : fromEnvironment;
}
