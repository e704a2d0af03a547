/**
 * The way of a final address from here: the rule, the mail hosts, their addresses, and how
 * they are spoken to. Asks the DNS and policy hosts; connects to mail hosts for a probe only.
 */
import type { Configuration } from '@posthouse/configuration';
import type { Directory } from '@posthouse/directory';
import type { Answer, MxRecord, Resolver } from '@posthouse/dns';
import { displayMailbox, MailError, replyText } from '@posthouse/mail';
import type { Domain, Mailbox } from '@posthouse/mail';
import {
  createForbiddenNetworks,
  createNextHosts,
  createOwnAddresses,
  decideRoute,
} from '@posthouse/relay';
import type {
  HostRoute,
  NextHost,
  NextHosts,
  OnwardRoute,
  OutboundTls,
  RoutedSender,
  RouteHost,
  RoutingRule,
  RoutingTable,
  Sites,
  SourceAddresses,
} from '@posthouse/relay';
import { sizeText } from './explain-decision.ts';
import type { Decision } from './explain-decision.ts';
import type { Probe } from './explain-probe.ts';
import { explainTls } from './explain-tls.ts';

export interface RouteDeps {
  readonly configuration: Configuration;
  readonly directory: Pick<Directory, 'accountAt'>;
  readonly routing: RoutingTable;
  readonly resolver: Pick<Resolver, 'addresses' | 'mx'>;
  readonly tls: OutboundTls;
  /** Connects to the hosts. */
  readonly probe?: Probe | undefined;
  /** Told of the mail hosts that are found. */
  readonly sites: Pick<Sites, 'learn'>;
}

type Fact = Omit<Decision, 'address'>;

export async function explainRoute(
  final: Mailbox,
  sender: RoutedSender,
  deps: RouteDeps,
): Promise<readonly Decision[]> {
  const { route, rule } = decideRoute(final, sender, deps.routing);
  const setting = settingOf(rule);
  const address = displayMailbox(final);
  const about = (facts: readonly Fact[]): readonly Decision[] =>
    facts.map((fact) => ({ address, ...fact }));
  switch (route.kind) {
    case 'delivery':
      return about(ownMailbox(final, deps));
    case 'off':
      return about([
        { topic: 'route', text: 'none: mail to other domains is off', because: setting },
      ]);
    case 'sink': {
      const text = `into the mailbox ${displayMailbox(route.mailbox)} of ours`;
      return about([{ topic: 'route', text, because: `${setting} = "sink", relay.sink` }]);
    }
    case 'hosts':
      return about([
        { topic: 'route', text: 'to the hosts that are named', because: setting },
        ...hostsOf(route, setting),
        ...(await probed(route, deps)),
      ]);
    case 'mx':
      return about([
        { topic: 'route', text: 'to the hosts that the DNS names', because: setting },
        await mxRecords(route.domain, deps.resolver),
        ...(await nextHosts(route, deps)),
      ]);
    case 'literal':
      return about([
        { topic: 'route', text: 'to the very host of the address', because: setting },
        ...(await nextHosts(route, deps)),
      ]);
  }
}

function settingOf(rule: RoutingRule): string {
  switch (rule.by) {
    case 'own-domain':
      return 'domains.own';
    case 'recipient':
      return `relay.routes."${rule.key}"`;
    case 'account':
      return `relay.account_routes."${rule.key}"`;
    case 'sender':
      return `relay.sender_routes."${rule.key}"`;
    case 'default':
      return 'relay.outbound';
  }
}

function ownMailbox(final: Mailbox, { configuration, directory }: RouteDeps): readonly Fact[] {
  const { delivery, relay } = configuration;
  const hop = relay.delivery;
  const route: Fact =
    hop === undefined
      ? { topic: 'route', text: 'to the delivery agent of this stack', because: 'domains.own' }
      : {
          topic: 'route',
          text: `to the delivery agent at ${placeText(hop.endpoint)} (LMTP), TLS ${hop.tls}`,
          because: 'relay.delivery',
        };
  const match = directory.accountAt(final);
  if (match === undefined || hop !== undefined) return [route];
  const { name, quotaBytes } = match.account;
  const [user = '', domain = ''] = name.split('@');
  const quota = quotaBytes === undefined ? 'no quota' : `quota ${sizeText(quotaBytes)}`;
  return [
    route,
    {
      topic: 'mailbox',
      text: `${delivery.mailDirectory}/${domain}/${user}/Maildir, ${quota}`,
      because: 'delivery.mail_directory, delivery.quota(s)',
    },
  ];
}

function hostsOf(route: HostRoute, setting: string): readonly Fact[] {
  return route.hosts.map((host, i) => ({
    topic: 'host',
    text: `${i + 1}. ${placeText(host.endpoint)}${loginText(host)}, ${tlsText(host)}${sourceText(host.source)}`,
    because: setting === 'relay.outbound' ? 'relay.relayhost' : setting,
  }));
}

async function mxRecords(domain: Domain, resolver: Pick<Resolver, 'mx'>): Promise<Fact> {
  try {
    const answer = await resolver.mx(domain);
    return { topic: 'mail hosts', text: mxText(answer), because: `DNS: MX of ${domain}` };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      topic: 'mail hosts',
      text: `the DNS does not tell: ${why}`,
      because: `DNS: MX of ${domain}`,
    };
  }
}

function mxText(answer: Answer<MxRecord>): string {
  switch (answer.kind) {
    case 'no-such-domain':
      return 'there is no such domain';
    case 'empty':
      return 'none named: the domain itself is the host';
    case 'records': {
      if (answer.records.length === 0) return 'none that could be a host';
      const hosts = answer.records.map(({ exchange, preference }) => `${preference} ${exchange}`);
      return `${hosts.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).join(', ')}${answer.secure ? ' (DNSSEC)' : ''}`;
    }
  }
}

async function nextHosts(route: OnwardRoute, deps: RouteDeps): Promise<readonly Fact[]> {
  let found: readonly NextHost[];
  try {
    found = await finder(deps).find(route);
  } catch (error) {
    const text = error instanceof MailError ? replyText(error.reply) : String(error);
    await deps.probe?.look([]);
    return [{ topic: 'host', text: `none: ${text}`, because: 'DNS' }];
  }
  return [
    ...found.map(({ endpoint, localAddress, name }, i): Fact => ({
      topic: 'host',
      text: `${i + 1}. ${name}, ${placeText(endpoint)}${localAddress === undefined ? '' : `, from ${localAddress}`}`,
      because: 'DNS: A and AAAA; equal preferences in any order',
    })),
    ...(await explainTls(found, deps.tls)),
    ...((await deps.probe?.look(found)) ?? []),
  ];
}

/** What named hosts say. */
async function probed(route: HostRoute, { probe, ...deps }: RouteDeps): Promise<readonly Fact[]> {
  return probe === undefined ? [] : probe.look(await finder(deps).find(route));
}

/** Finds hosts as the relay does. */
export function finder({
  configuration,
  resolver,
  sites,
}: Pick<RouteDeps, 'configuration' | 'resolver' | 'sites'>): NextHosts {
  return createNextHosts(
    {
      ourNames: new Set([configuration.server.hostname]),
      forbidden: createForbiddenNetworks(),
    },
    {
      resolver,
      random: Math.random,
      ownAddresses: createOwnAddresses(),
      onMx: (domain, hosts) => sites.learn(domain, hosts),
    },
  );
}

function loginText({ authentication }: RouteHost): string {
  if (authentication === undefined) return '';
  return authentication.user === undefined
    ? ', logging in with a token'
    : `, logging in as ${authentication.user}`;
}

function tlsText({ tls }: RouteHost): string {
  const check = tls.verify ? 'certificate checked' : 'any certificate';
  return tls.mode === 'off' ? 'without TLS' : `TLS ${tls.mode}, ${check}`;
}

function sourceText(source: SourceAddresses | undefined): string {
  if (source === undefined) return '';
  return `, from ${[source.v4, source.v6].filter((address) => address !== undefined).join(' or ')}`;
}

function placeText(endpoint: RouteHost['endpoint']): string {
  if ('path' in endpoint) return endpoint.path;
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}
