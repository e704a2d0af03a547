/**
 * The services that receive mail for many domains, found by a domain of theirs or by the names of a
 * domain's MX hosts. Pure.
 */
import { GOOGLE_MAILBOXES } from './profiles/google.ts';
import { MICROSOFT_MAILBOXES } from './profiles/microsoft.ts';
import { YAHOO_MAILBOXES } from './profiles/others.ts';
import type { MailboxProvider } from './provider.ts';

const ALL: readonly MailboxProvider[] = [GOOGLE_MAILBOXES, MICROSOFT_MAILBOXES, YAHOO_MAILBOXES];

const BY_DOMAIN: ReadonlyMap<string, MailboxProvider> = new Map(
  ALL.flatMap((provider) => provider.domains.map((domain) => [domain, provider] as const)),
);

/** Whose domain this is. */
export function mailboxProviderOfDomain(domain: string): MailboxProvider | undefined {
  return BY_DOMAIN.get(domain);
}

/** Whose host this is. @param host lower case, as the MX record names it */
export function mailboxProviderOfHost(host: string): MailboxProvider | undefined {
  return ALL.find(({ mxSuffixes }) =>
    mxSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)),
  );
}
