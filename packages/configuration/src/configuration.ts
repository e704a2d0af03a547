/**
 * Configuration: everything that one file says, read, with the defaults filled in.
 *
 * One schema for the stack and for each agent alone. Numbers are in milliseconds and
 * bytes, paths absolute, domains in A-labels; the whole is frozen.
 */
import type { z } from 'zod';
import { deliverySection } from './delivery-section.ts';
import type { DeliveryConfiguration } from './delivery-section.ts';
import { accountsSection, aliasesSection, domainsSection } from './directory-section.ts';
import type { DirectoryConfiguration } from './directory-section.ts';
import { dnsSection } from './dns-section.ts';
import type { DnsConfiguration } from './dns-section.ts';
import { logSection } from './log-section.ts';
import type { LogConfiguration } from './log-section.ts';
import { queueSection } from './queue-section.ts';
import type { QueueConfiguration } from './queue-section.ts';
import { relaySection } from './relay-section.ts';
import type { RelayConfiguration } from './relay-section.ts';
import { aloneRule, listenRule } from './role.ts';
import { strictTable } from './rule.ts';
import { sendmailSection } from './sendmail-section.ts';
import type { SendmailConfiguration } from './sendmail-section.ts';
import { serverSection } from './server-section.ts';
import type { ServerConfiguration } from './server-section.ts';
import { submissionSection } from './submission-section.ts';
import type { SubmissionConfiguration } from './submission-section.ts';
import type { Surroundings } from './surroundings.ts';
import { tlsSection } from './tls-section.ts';
import type { TlsConfiguration } from './tls-section.ts';

/** What a configuration file says. Frozen through and through. */
export interface Configuration {
  readonly server: ServerConfiguration;
  readonly log: LogConfiguration;
  readonly tls: TlsConfiguration;
  readonly dns: DnsConfiguration;
  /** `[domains]`, `[aliases]`, `[accounts]` and the quotas of `[delivery]`. */
  readonly directory: DirectoryConfiguration;
  readonly submission: SubmissionConfiguration;
  readonly relay: RelayConfiguration;
  readonly queue: QueueConfiguration;
  readonly delivery: DeliveryConfiguration;
  readonly sendmail: SendmailConfiguration;
}

/** The schema of the file. */
export function configurationSchema(around: Surroundings): z.ZodType<Configuration> {
  const section = <T>(schema: z.ZodType<T>, description: string): z.ZodType<T> =>
    schema.meta({ examples: [{}], ...schema.meta(), description }).prefault({});
  return strictTable(
    {
      server: section(serverSection(around), 'This host.'),
      log: section(logSection(), 'The log.'),
      tls: section(tlsSection(around), 'The certificate of the listeners.'),
      dns: section(dnsSection(), 'DNS.'),
      domains: section(domainsSection(around), 'Domains whose mail ends here.'),
      aliases: section(aliasesSection(around), 'Addresses that lead to others.'),
      accounts: section(accountsSection(around), 'Who may log in and has a mailbox.'),
      submission: section(submissionSection(around), 'The agent that authors hand their mail to.'),
      relay: section(relaySection(around), 'The agent that queues mail and passes it on.'),
      queue: section(queueSection(around), 'The store of the relay.'),
      delivery: section(deliverySection(around), 'The agent that puts mail into Maildirs.'),
      sendmail: section(
        sendmailSection(around),
        'Mail of programs on this host: `posthouse sendmail`.',
      ),
    },
    (table) => (around.role === 'stack' ? listenRule(table) : aloneRule(table, around.role)),
  ).transform(({ domains, aliases, accounts, delivery: all, ...sections }): Configuration => {
    const { quotaBytes, quotas, ...delivery } = all;
    const directory: DirectoryConfiguration = {
      domains: domains.own,
      aliases,
      catchAll: domains.catch_all,
      ...(domains.postmaster === undefined ? {} : { postmaster: domains.postmaster }),
      accountsFile: accounts.file ?? around.state('accounts'),
      plusSeparator: domains.plus_separator,
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
      quotas,
    };
    return { ...sections, directory, delivery };
  });
}
