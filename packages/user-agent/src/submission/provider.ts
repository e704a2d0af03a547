/**
 * Where well-known mail services take mail from authors, as data, by name.
 *
 * The table is nodemailer's; ours is one provider that it has not, the names that people
 * use, and what to log in with where that is not simply the account's password. Where it
 * leaves TLS open we require STARTTLS: a password goes over no open line.
 *
 * RFC 8314 §3.3 (port 465 is TLS from the first octet), RFC 6409 §3.1 (port 587).
 */
import type { WellKnownServiceDefinition } from 'nodemailer/lib/well-known';

/** A service that takes mail for submission. */
export interface Provider {
  /** For example `Gmail` or `SES-EU-WEST-1`. */
  readonly name: string;
  readonly description: string;
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first octet. `required`: STARTTLS. `off`: a tool on this machine. */
  readonly tls: 'implicit' | 'required' | 'off';
  /** What to log in with, where that is not the account's own name and password. */
  readonly login?: string;
}

/** What we know beside nodemailer's table. */
interface Addition {
  readonly names?: readonly string[];
  readonly login?: string;
}

const APP_PASSWORD = 'your whole address, and an app password made in the settings of your account';

const ADDITIONS: Readonly<Record<string, Addition>> = {
  Gmail: { login: APP_PASSWORD },
  Yahoo: { login: APP_PASSWORD },
  iCloud: { login: APP_PASSWORD },
  FastMail: { login: APP_PASSWORD },
  Hotmail: { names: ['Outlook', 'Live'], login: APP_PASSWORD },
  Outlook365: {
    names: ['Microsoft 365', 'Office 365', 'Microsoft', 'Exchange Online'],
    login: 'your whole address; an administrator must have switched SMTP AUTH on for the mailbox',
  },
  SendGrid: {
    names: ['Twilio SendGrid'],
    login: 'the user name "apikey", and an API key as password',
  },
  Mailgun: {
    login: 'SMTP credentials of the sending domain (domains of the EU region: smtp.eu.mailgun.org)',
  },
  SES: {
    names: ['Amazon SES', 'AWS SES', 'Amazon'],
    login: 'SMTP credentials made in the SES console of this region, no AWS access key',
  },
  Postmark: { login: 'the server API token, as user name and as password' },
  Resend: { login: 'the user name "resend", and an API key as password' },
};

const SMTP_COM: Provider = {
  name: 'SMTP.com',
  description: 'SMTP.com',
  host: 'send.smtp.com',
  port: 587,
  tls: 'required',
  login: 'the name of a sender of your account, and its API key as password',
};

interface Catalogue {
  readonly providers: readonly Provider[];
  readonly byName: ReadonlyMap<string, Provider>;
}

let catalogue: Promise<Catalogue> | undefined;

/** All providers, by name. */
export async function listProviders(): Promise<readonly Provider[]> {
  return (await (catalogue ??= readCatalogue())).providers;
}

/**
 * Finds one by its name, another name of it, or an address at one of its domains:
 * `Gmail`, `amazon ses`, `alice@outlook.com`.
 */
export async function findProvider(name: string): Promise<Provider | undefined> {
  const { byName } = await (catalogue ??= readCatalogue());
  return byName.get(key(name.slice(name.lastIndexOf('@') + 1)));
}

async function readCatalogue(): Promise<Catalogue> {
  const { default: services } = await import('nodemailer/lib/well-known/services.json', {
    with: { type: 'json' },
  });
  const definitions: Readonly<Record<string, WellKnownServiceDefinition>> = services;
  const byName = new Map<string, Provider>([[key(SMTP_COM.name), SMTP_COM]]);
  const providers = [SMTP_COM];
  for (const [name, definition] of Object.entries(definitions)) {
    const provider = providerOf(name, definition);
    providers.push(provider);
    const others = [...(definition.aliases ?? []), ...(definition.domains ?? [])];
    for (const other of [name, ...(ADDITIONS[name]?.names ?? []), ...others]) {
      byName.set(key(other), provider);
    }
  }
  return { providers: providers.toSorted((a, b) => a.name.localeCompare(b.name, 'en')), byName };
}

function providerOf(name: string, definition: WellKnownServiceDefinition): Provider {
  // A few entries leave the port out, give it as text, or say 465 without saying TLS.
  const port = Number(definition.port ?? (definition.secure === true ? 465 : 587));
  const implicit = definition.secure === true || port === 465;
  const login = ADDITIONS[name.startsWith('SES-') ? 'SES' : name]?.login;
  return {
    name,
    description: definition.description ?? name,
    host: definition.host ?? 'localhost',
    port,
    tls: implicit ? 'implicit' : definition.ignoreTLS === true ? 'off' : 'required',
    ...(login === undefined ? {} : { login }),
  };
}

function key(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
