/**
 * From the configuration file to the relay's options: the same for the relay alone and for
 * the stack.
 *
 * Certificates to believe are read now; passwords are read at each login, so that they can
 * change. @throws what the reader throws for a file that cannot be read
 */
import { parseDomain, parseMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type {
  Configuration,
  DomainRetry,
  NextHop,
  RelayHop,
  Route as RouteSetting,
  Secret,
  TlsReportsConfiguration,
} from '@posthouse/configuration';
import type { Submitter } from '@posthouse/transport-security';
import { findProvider } from '@posthouse/providers';
import type { RetryRule } from '@posthouse/queue';
import type { TlsCertificate } from '@posthouse/smtp';
import type { RelayOptions } from './relay.ts';
import type { OutboundRoute, RouteHost } from './route.ts';

/** Reads the files that a configuration names; @posthouse/process has both. */
export interface SettingFiles {
  readSecret(secret: Secret): Promise<string>;
  readNextHop(hop: NextHop | RelayHop): Promise<RouteHost>;
  /** Certificates to believe, PEM. */
  readAuthorities(path: string): Promise<string>;
}

/** The options that a configuration means. */
export async function relayOptions(
  configuration: Configuration,
  certificate: TlsCertificate | undefined,
  files: SettingFiles,
): Promise<RelayOptions> {
  const { directory, queue, relay, server, tls } = configuration;
  const { maxHops, ...limits } = relay.limits;
  return {
    hostname: server.hostname,
    postmasterDomain: parseDomain(directory.domains[0] ?? ''),
    listen: relay.listen,
    certificate,
    limits,
    maxHops,
    allowedPeers: relay.allowedPeers,
    relayNetworks: relay.trustedNetworks,
    normalizeLineEndingsFrom: relay.normalizeLineEndingsFrom,
    logins: Object.fromEntries(
      Object.entries(relay.logins).map(([user, secret]) => [user, () => files.readSecret(secret)]),
    ),
    outbound: await outboundRoute('outbound', relay.outbound, files),
    routes: await outboundRoutes('', relay.routes, files),
    accountRoutes: await outboundRoutes('account ', relay.accountRoutes, files),
    senderRoutes: await outboundRoutes('sender ', relay.senderRoutes, files),
    tls: {
      ...relay.tls,
      reports: relay.tls.reports && submitterOf(relay.tls.reports),
      ...(tls.caFile !== undefined && { authorities: await files.readAuthorities(tls.caFile) }),
    },
    sendingLimits: relay.sendingLimits,
    checksRecipientsAtDelivery: relay.recipientCheck === 'delivery',
    queue: {
      maxMessageBytes: limits.maxMessageBytes,
      maxRecipients: Math.max(limits.maxRecipients, MAX_EXPANDED),
      backPressure: {
        maxQueuedBytes: queue.maxQueuedBytes,
        minFreeDiskBytes: queue.minFreeBytes,
        maxMemoryBytes: queue.maxMemoryBytes,
      },
      retry: {
        ...retryRule(relay.retry),
        domains: Object.fromEntries(
          Object.entries(relay.retry.domains).map(([key, rule]) => [key, retryRule(rule)]),
        ),
      },
      notifications: {
        delayAfterMs: relay.retry.delayWarningMs,
        ...postmasterOf(configuration),
      },
      deliverFirstMs: queue.deliverFirstMs,
      eventRetentionMs: queue.eventRetentionMs,
      drainMs: server.drainMs,
    },
    drainMs: server.drainMs,
  };
}

function retryRule({ scheduleMs, recipientScheduleMs, expireMs }: DomainRetry): RetryRule {
  return {
    ...(scheduleMs && { waitsMs: scheduleMs }),
    ...(recipientScheduleMs && { recipientWaitsMs: recipientScheduleMs }),
    ...(expireMs !== undefined && { giveUpAfterMs: expireMs }),
  };
}

function submitterOf({ from, ...more }: TlsReportsConfiguration): Submitter {
  const mailbox = parseMailbox(from);
  if (mailbox === undefined) throw new TypeError(`reports cannot come from ${from}`);
  return { from: mailbox, ...more };
}

/** Who is told when a notification itself cannot be delivered: the postmaster of our first domain. */
function postmasterOf({ directory }: Configuration): { readonly postmaster?: Mailbox } {
  const [domain] = directory.domains;
  const postmaster = domain === undefined ? undefined : parseMailbox(`postmaster@${domain}`);
  return postmaster === undefined ? {} : { postmaster };
}

/** A list may grow a message well beyond what one client may name. */
const MAX_EXPANDED = 10_000;

/** @param table tells routes of one key in different tables apart, as lanes are named for routes */
async function outboundRoutes(
  table: string,
  settings: Readonly<Record<string, RouteSetting>>,
  files: SettingFiles,
): Promise<Readonly<Record<string, OutboundRoute>>> {
  const routes = Object.entries(settings).map(
    async ([key, route]) => [key, await outboundRoute(table + key, route, files)] as const,
  );
  return Object.fromEntries(await Promise.all(routes));
}

async function routeHost(hop: RelayHop, files: SettingFiles): Promise<RouteHost> {
  const provider = hop.provider === undefined ? undefined : findProvider(hop.provider);
  return {
    ...(await files.readNextHop(hop)),
    ...(hop.source && { source: hop.source }),
    ...(hop.limits && { limits: hop.limits }),
    ...(provider && { provider }),
  };
}

async function outboundRoute(
  name: string,
  setting: RouteSetting,
  files: SettingFiles,
): Promise<OutboundRoute> {
  switch (setting.kind) {
    case 'off':
    case 'mx':
      return setting;
    case 'next-hops':
      return {
        kind: 'hosts',
        name,
        hosts: await Promise.all(setting.hops.map((hop) => routeHost(hop, files))),
      };
    case 'sink': {
      const mailbox = parseMailbox(setting.address);
      if (mailbox === undefined) throw new TypeError(`the sink ${setting.address} is no mailbox`);
      return { kind: 'sink', mailbox };
    }
  }
}
