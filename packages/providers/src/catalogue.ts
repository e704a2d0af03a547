/**
 * The providers by name: nodemailer's table of well-known services, and over it what we know of some.
 *
 * The table gives host, port and TLS; where it leaves TLS open we require STARTTLS: a password goes
 * over no open line. Ours adds the names that people use, logins, limits and replies.
 *
 * RFC 8314 §3.3 (port 465 is TLS from the first octet), RFC 6409 §3.1 (port 587).
 */
import type { WellKnownServiceDefinition } from 'nodemailer/lib/well-known';
import services from 'nodemailer/lib/well-known/services.json' with { type: 'json' };
import { AMAZON_SES } from './profiles/amazon.ts';
import { GMAIL } from './profiles/google.ts';
import { MICROSOFT_365, OUTLOOK_COM } from './profiles/microsoft.ts';
import { MAILGUN, POSTMARK, SENDGRID, SMTP_COM, YAHOO } from './profiles/others.ts';
import type { Provider, SendingLimits } from './provider.ts';

/** What we know beside nodemailer's table. */
interface Addition {
  readonly names?: readonly string[];
  readonly profile: Partial<Provider>;
}

const APP_PASSWORD = 'your whole address, and an app password made in the settings of your account';

const ADDITIONS: Readonly<Record<string, Addition>> = {
  Gmail: { names: ['Google'], profile: GMAIL },
  Yahoo: { profile: YAHOO },
  iCloud: { profile: { login: APP_PASSWORD } },
  FastMail: { profile: { login: APP_PASSWORD } },
  Hotmail: { names: ['Outlook', 'Live'], profile: OUTLOOK_COM },
  Outlook365: {
    names: ['Microsoft 365', 'Office 365', 'Microsoft', 'Exchange Online'],
    profile: MICROSOFT_365,
  },
  SendGrid: { names: ['Twilio SendGrid'], profile: SENDGRID },
  Mailgun: { profile: MAILGUN },
  SES: { names: ['Amazon SES', 'AWS SES', 'Amazon'], profile: AMAZON_SES },
  Postmark: { profile: POSTMARK },
  Resend: { profile: { login: 'the user name "resend", and an API key as password' } },
};

interface Catalogue {
  readonly providers: readonly Provider[];
  readonly byName: ReadonlyMap<string, Provider>;
}

let catalogue: Catalogue | undefined;

/** All providers, by name. */
export function listProviders(): readonly Provider[] {
  return (catalogue ??= readCatalogue()).providers;
}

/**
 * Finds one by its name, another name of it, or an address at one of its domains:
 * `Gmail`, `amazon ses`, `alice@outlook.com`.
 */
export function findProvider(name: string): Provider | undefined {
  const { byName } = (catalogue ??= readCatalogue());
  return byName.get(key(name.slice(name.lastIndexOf('@') + 1)));
}

/** The provider's host in a region (`eu-west-1`); `undefined` where it has no regions, or none of such a name. */
export function inRegion(provider: Provider, region: string): Provider | undefined {
  const { regionalHost } = provider;
  if (regionalHost === undefined || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(region)) return undefined;
  return { ...provider, host: regionalHost.replace('{region}', region) };
}

/** The limits for a user of the provider. */
export function limitsOf(
  { domainLimits, limits }: Pick<Provider, 'domainLimits' | 'limits'>,
  user: string | undefined,
): SendingLimits | undefined {
  const domain = user?.slice(user.lastIndexOf('@') + 1).toLowerCase();
  const isOther = domain !== undefined && domainLimits?.domains.includes(domain) === true;
  return isOther ? domainLimits.limits : limits;
}

function readCatalogue(): Catalogue {
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
  return {
    name,
    description: definition.description ?? name,
    host: definition.host ?? 'localhost',
    port,
    tls: implicit ? 'implicit' : definition.ignoreTLS === true ? 'off' : 'required',
    ...ADDITIONS[name.startsWith('SES-') ? 'SES' : name]?.profile,
  };
}

function key(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
