/**
 * The relay: takes mail from other hosts and from our own submission agents, queues it,
 * and passes it on.
 *
 * Its parts in the order of a message's way: listener → ingress (admission, expansion,
 * loops) → queue → transmission (route, hosts, sessions). In one process a submission
 * agent hands to `receiver` what it would else send to the listener. It stops in the same
 * order: listeners first, then attempts, then connections; the store is its owner's.
 */
import { createNetworks, startInOrder, stopInReverse } from '@posthouse/mail';
import type {
  Clock,
  Domain,
  Logger,
  MailReceiver,
  Networks,
  RecipientOutcome,
  Startable,
} from '@posthouse/mail';
import type { Resolver } from '@posthouse/dns';
import type { Directory } from '@posthouse/directory';
import type { Disk } from '@posthouse/durable-fs';
import { createQueue, transmitToReceiver } from '@posthouse/queue';
import type { Queue, QueueOptions, Store, Transmitter } from '@posthouse/queue';
import type {
  AgentLogins,
  ListenAddress,
  ListenerLimits,
  NextHop,
  TlsCertificate,
} from '@posthouse/smtp';
import { createForbiddenNetworks, createOwnAddresses } from './host-address.ts';
import { DeadFamilies } from './dead-families.ts';
import { allOf } from './host-memory.ts';
import { HostRests } from './host-rests.ts';
import { createIngress } from './ingress.ts';
import { createLocalSubmit } from './local-message.ts';
import { createNextHosts } from './next-hosts.ts';
import type { NextHost, NextHosts } from './next-hosts.ts';
import { createTlsVerbs } from './operation/tls-verbs.ts';
import { createOperation } from './operation/operation.ts';
import type { Operation } from './operation/operation.ts';
import { createPaceRules } from './pace.ts';
import type { PaceRules, SendingLimits } from './pace.ts';
import { createDeliveryHop, createPeers } from './peers.ts';
import { createPlanner } from './planner.ts';
import { createRecipientCheck } from './recipient-check.ts';
import { createRelayListener } from './relay-listener.ts';
import type { RelayAccess } from './relay-listener.ts';
import type { OutboundRoute, RouteHost, RoutingTable } from './route.ts';
import { senseOf } from './reply-sense.ts';
import { createRoutingTable, followRoutingTable } from './routing-table.ts';
import { createOutboundTls } from './outbound-tls.ts';
import type { OutboundTls, OutboundTlsOptions } from './outbound-tls.ts';
import { createSending } from './sending.ts';
import { Sites } from './sites.ts';
import { createTransmission } from './transmission.ts';
import { createWayOut } from './way-out.ts';

/** Everything that can be set of a relay but for its parts. */
export interface RelayOptions {
  readonly hostname: Domain;
  /** Whose postmaster is meant where no domain is named. @default the hostname's */
  readonly postmasterDomain?: Domain | undefined;
  /** Absent: mail comes in by `receiver` alone. */
  readonly listen?: ListenAddress | undefined;
  readonly certificate?: TlsCertificate | undefined;
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** Received fields that a message may have. @default 100 */
  readonly maxHops?: number | undefined;
  /** Networks that may connect. @default all */
  readonly allowedPeers?: readonly string[] | undefined;
  /** Networks that may send to every domain. @default none */
  readonly relayNetworks?: readonly string[] | undefined;
  /** Networks whose bare CR and LF are mended. @default none */
  readonly normalizeLineEndingsFrom?: readonly string[] | undefined;
  /** Our own agents, by the name that they log in with: they may relay, and say who the author was. */
  readonly logins?: AgentLogins | undefined;
  /** Where mail for other domains goes. @default off */
  readonly outbound?: OutboundRoute | undefined;
  /** Exceptions by the recipient's domain, or `*.domain`. */
  readonly routes?: Readonly<Record<string, OutboundRoute>> | undefined;
  /** By the account that logged in, for recipients without a route of their own. */
  readonly accountRoutes?: Readonly<Record<string, OutboundRoute>> | undefined;
  /** By the reverse-path's domain, or `*.domain`, where no other rule fits. */
  readonly senderRoutes?: Readonly<Record<string, OutboundRoute>> | undefined;
  /** How much may go out in a time, by account, tenant and site. */
  readonly sendingLimits?: SendingLimits | undefined;
  /** Whether the delivery agent is asked who exists. @default the directory knows */
  readonly checksRecipientsAtDelivery?: boolean | undefined;
  /** Networks that no MX may lead to. @default this machine's own and those that are nobody's */
  readonly forbiddenNetworks?: readonly string[] | undefined;
  /** Port of hosts found in DNS. @default 25 */
  readonly smtpPort?: number | undefined;
  /** TLS towards hosts found in DNS. */
  readonly tls?: OutboundTlsOptions | undefined;
  readonly queue?: Omit<QueueOptions, 'hostname'> | undefined;
  /** How long open transactions may take to end when the relay stops. @default 10 s */
  readonly drainMs?: number | undefined;
}

export interface RelayDeps {
  /** Started before the relay, stopped after it. */
  readonly store: Store;
  readonly directory: Pick<Directory, 'expand' | 'isOwnDomain'>;
  readonly resolver: Pick<Resolver, 'addresses' | 'alias' | 'mx' | 'tlsa' | 'txt'>;
  /** Where what is learnt of others' TLS is kept; absent: in memory alone. */
  readonly state?: { readonly disk: Disk; readonly directory: string } | undefined;
  /** Own domains: the delivery agent in this process, or where it listens. */
  readonly delivery: MailReceiver | RouteHost;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly freeDiskBytes?: (() => Promise<number>) | undefined;
  /** Puts something in front of the way in, of the listener and of `receiver`. */
  readonly atIntake?: ((next: MailReceiver) => MailReceiver) | undefined;
  /** Memory that this process holds. */
  readonly usedMemoryBytes?: (() => number) | undefined;
}

/** A running relay. */
export interface Relay extends Startable, Operation {
  /** For agents in this process, whom it trusts to know who the author is. */
  readonly receiver: MailReceiver;
  readonly queue: Queue;
  /** After start; `undefined` where it does not listen. */
  readonly address: ListenAddress | undefined;
  /**
   * Takes new routes, networks, logins and the certificate, for sessions and attempts to come.
   * Addresses, limits and the queue's settings stay until the next start.
   * @throws TypeError, RangeError for options that make no sense; then nothing has changed
   */
  reload(options: RelayOptions): void;
  /** Takes a new certificate for sessions to come; those that stand go on. */
  reloadTls(certificate: TlsCertificate): void;
}

/**
 * Makes a relay.
 * @throws TypeError, RangeError for options that make no sense
 */
export function createRelay(options: RelayOptions, deps: RelayDeps): Relay {
  const { clock, logger } = deps;
  let rules = readRules(options, deps.directory);
  const routing = followRoutingTable(() => rules);
  const submit = createLocalSubmit(() => queue, clock);
  const sites = new Sites();
  const tls = createOutboundTls(options, { ...deps, submit });
  const outlet = createOutlet(options, deps, { routing, tls, sites });
  const { delivery, transmitter, connections } = outlet;
  const planner = createPlanner({ ...deps, routing, sites, pace: () => rules.pace });
  const queue = createQueue(
    { requireTls: keepsTls(deps.delivery), ...options.queue, hostname: options.hostname },
    {
      store: deps.store,
      planner,
      transmitter,
      clock,
      logger,
      ...(deps.freeDiskBytes && { freeDiskBytes: deps.freeDiskBytes }),
      ...(deps.usedMemoryBytes && { usedMemoryBytes: deps.usedMemoryBytes }),
    },
  );
  const ingress = createIngress(
    { maxHops: options.maxHops ?? 100, maxHeaderBytes: 1024 * 1024 },
    {
      ...deps,
      next: queue,
      routing,
      relayNetworks: { includes: (address) => rules.relayNetworks.includes(address) },
      wayOut: createWayOut({ nextHosts: outlet.nextHosts, clock }),
      ...(options.checksRecipientsAtDelivery === true && {
        recipientCheck: createRecipientCheck({}, { delivery, clock }),
      }),
    },
  );
  const receiver = deps.atIntake?.(ingress) ?? ingress;
  const operation = createOperation(options, { ...deps, planner, queue, pace: () => queue });
  const listener =
    options.listen &&
    createRelayListener(options.listen, options, { receiver, access: () => rules, logger, clock });
  const parts: readonly Startable[] = [...connections, queue, ...(listener ? [listener] : [])];
  return {
    receiver,
    queue,
    operator: operation.operator,
    verbs: { ...operation.verbs, ...createTlsVerbs(tls.security) },
    start: () => startInOrder(parts),
    stop: () => stopInReverse(parts),
    get address() {
      return listener?.address;
    },
    reload(changed) {
      const next = readRules(changed, deps.directory);
      if (changed.certificate !== undefined) listener?.reloadTls(changed.certificate);
      tls.reload(changed);
      rules = next;
    },
    reloadTls: (certificate) => listener?.reloadTls(certificate),
  };
}

/** The way out: to the delivery agent and to other hosts. */
interface Outlet {
  readonly delivery: MailReceiver;
  readonly transmitter: Transmitter;
  readonly nextHosts: NextHosts;
  /** What holds connections, and is stopped after the queue. */
  readonly connections: readonly Startable[];
}

interface OutletParts {
  readonly routing: RoutingTable;
  readonly sites: Sites;
  readonly tls: OutboundTls;
}

function createOutlet(
  options: RelayOptions,
  deps: RelayDeps,
  { routing, sites, tls }: OutletParts,
): Outlet {
  const { clock, logger, resolver } = deps;
  const peers = createPeers({ hostname: options.hostname }, { clock, logger });
  const nextHosts = createNextHosts(
    {
      ourNames: new Set([options.hostname]),
      forbidden: createForbiddenNetworks(options.forbiddenNetworks),
      port: options.smtpPort,
    },
    {
      resolver,
      random: Math.random,
      ownAddresses: createOwnAddresses(),
      onMx: (domain, hosts) => sites.learn(domain, hosts),
    },
  );
  const { delivery, connections } = isReceiver(deps.delivery)
    ? { delivery: deps.delivery, connections: [] }
    : onwardDelivery(createDeliveryHop(deps.delivery, options.hostname, { clock, logger }));
  const send = createSending(tls.guard, peers);
  const transmitter = createTransmission({
    routing,
    nextHosts,
    memory: allOf(new DeadFamilies(clock), new HostRests(clock)),
    delivery: transmitToReceiver(delivery),
    async sendTo(host, attempt) {
      const outcomes = senseOf(host, await send(host, attempt));
      warnOfRest(host, outcomes, logger);
      return outcomes;
    },
  });
  return { delivery, transmitter, nextHosts, connections: [tls, ...connections, peers] };
}

/** Once for an attempt: an operator may have to act, and sees why mail waits. */
function warnOfRest(host: NextHost, outcomes: readonly RecipientOutcome[], logger: Logger): void {
  const rest = outcomes.find((outcome) => outcome.kind === 'delayed' && outcome.restMs);
  if (rest?.kind !== 'delayed') return;
  const { reason, restMs } = rest;
  logger.warn({ event: 'host-rests', host: host.name, restMs, reason }, 'A host wants a rest');
}

function onwardDelivery(hop: NextHop): Pick<Outlet, 'connections' | 'delivery'> {
  return { delivery: hop, connections: [hop] };
}

/** What may change while the relay runs. */
interface Rules extends RelayAccess, RoutingTable {
  readonly pace: PaceRules;
  readonly relayNetworks: Networks;
}

function readRules(options: RelayOptions, directory: Pick<Directory, 'isOwnDomain'>): Rules {
  const table = createRoutingTable(options, directory);
  return {
    ...table,
    pace: createPaceRules(table, options.sendingLimits),
    relayNetworks: createNetworks(options.relayNetworks ?? []),
    allowedPeers: options.allowedPeers && createNetworks(options.allowedPeers),
    normalized: createNetworks(options.normalizeLineEndingsFrom ?? []),
    logins: options.logins ?? {},
  };
}

/** Whether a message that demands TLS all the way may be taken for our own domains. */
function keepsTls(delivery: MailReceiver | RouteHost): boolean {
  if (isReceiver(delivery)) return delivery.capabilities().requireTls;
  const { endpoint, tls } = delivery;
  return 'path' in endpoint || (tls.verify && (tls.mode === 'required' || tls.mode === 'implicit'));
}

function isReceiver(delivery: MailReceiver | RouteHost): delivery is MailReceiver {
  return 'begin' in delivery;
}
