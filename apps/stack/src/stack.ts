/**
 * The wiring: all agents in one process, in the order of a message's way.
 *
 * Submission hands to the relay, the relay's queue to delivery, by function call. The
 * parts start from the mailbox towards the author, so that nobody is let in before there
 * is somewhere to go, and stop the other way round; the store closes last but for what it
 * needs. Two stacks in one process share nothing but code.
 */
import { join } from 'node:path';
import type { Configuration } from '@posthouse/configuration';
import { createDeliveryAgent, deliveryOptions } from '@posthouse/delivery';
import type { DeliveryAgent } from '@posthouse/delivery';
import { createDirectory } from '@posthouse/directory';
import type { Directory } from '@posthouse/directory';
import { createResolver } from '@posthouse/dns';
import { createDisk, createThreadedPlacer, freeBytes, nodeFileSystem } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { startInOrder, stopInReverse } from '@posthouse/mail';
import type { Clock, Logger, Startable } from '@posthouse/mail';
import { readAuthorities, readNextHop, readSecret } from '@posthouse/process';
import { createQueueStore, createRelay, relayOptions } from '@posthouse/relay';
import type { Operation, Relay, RelayDeps, RouteHost } from '@posthouse/relay';
import type { ListenAddress, TlsCertificate } from '@posthouse/smtp';
import { createSubmission, submissionOptions } from '@posthouse/submission';
import type { Submission } from '@posthouse/submission';
import { catchAllVerbs } from './control/catch-all-order.ts';
import { createLocalPrograms } from './local-programs.ts';
import { catchNothing, createCatchAll, withOwnQueue } from './rehearsal/catch-all.ts';
import type { CatchAll } from './rehearsal/catch-all.ts';
import { createStackCertificate } from './certificate/stack-certificate.ts';

export interface StackDeps {
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface StackOptions {
  /** Keeps every message in one mailbox, whatever its recipient (docs/local-development.md). @default false */
  readonly catchAll?: boolean | undefined;
}

/** Where a stack listens; what is switched off is absent. */
export interface StackAddresses {
  /** Submission with STARTTLS. */
  readonly submission?: ListenAddress;
  /** Submission with TLS from the start. */
  readonly submissionTls?: ListenAddress;
  readonly relay?: ListenAddress;
  readonly lmtp?: ListenAddress;
}

/** All agents, running as one. */
export interface Stack extends Startable, Operation {
  /** After start. */
  readonly addresses: StackAddresses;
  /** The file of the certificate authority that clients must trust; absent where the certificate is one's own. */
  readonly authorityFile: string | undefined;
  /** The account of the one mailbox, where all is caught. */
  readonly catchAllAccount: string | undefined;
  /**
   * Takes what may change while it runs: accounts, aliases, routes, networks, certificates.
   * @throws anything; then nothing has changed but, perhaps, the accounts
   */
  reload(configuration: Configuration): Promise<void>;
}

const files = { readAuthorities, readSecret, readNextHop };

/**
 * Puts a stack together. Reads certificates and makes directories; opens nothing yet.
 * @throws ExitError, DurableFsError, TypeError, RangeError
 */
export async function createStack(
  given: Configuration,
  deps: StackDeps,
  options: StackOptions = {},
): Promise<Stack> {
  const configuration = options.catchAll === true ? withOwnQueue(given) : given;
  const placer = createThreadedPlacer();
  const disk = createDisk(nodeFileSystem, placer);
  let current = configuration;
  await disk.directories.ensure(configuration.server.stateDirectory, 0o700);
  const directory = createDirectory(configuration.directory, deps);
  const catching = catchingOf(options, configuration, { ...deps, directory });
  const certificate = await createStackCertificate(configuration, disk, {
    ...deps,
    onRenewal(renewed) {
      delivery.reload(deliveryOptions(current, renewed, readSecret));
      relay.reloadTls(renewed);
      submission.reloadTls(renewed);
    },
  });
  const resolver = createResolver(configuration.dns, deps);
  const store = await createQueueStore(configuration.queue, disk, deps.logger);
  const shared = { ...deps, directory: catching.directory, disk };
  const delivery = createDeliveryAgent(
    deliveryOptions(configuration, certificate.current, readSecret),
    shared,
  );
  const relay = await createStackRelay(configuration, certificate.current, {
    ...shared,
    store,
    resolver,
    delivery: (await nextDelivery(configuration)) ?? catching.atDelivery(delivery.receiver),
    atIntake: catching.atIntake,
  });
  const intake = { ...deps, next: relay.receiver, directory, disk };
  const submission = createSubmission(
    submissionOptions(configuration, certificate.current),
    intake,
  );
  const programs = createLocalPrograms(configuration, intake);
  const agents = [store, delivery, relay, submission, programs];
  const parts = [placer, directory, resolver, ...agents, certificate];
  return {
    operator: relay.operator,
    verbs: { ...relay.verbs, ...catchAllVerbs(catching.account) },
    start: () => startInOrder(parts),
    stop: () => stopInReverse(parts),
    authorityFile: certificate.authorityFile,
    catchAllAccount: catching.account,
    get addresses() {
      return addressesOf(submission, relay, delivery);
    },
    async reload(next) {
      const { certificate: renewed, adopt } = await certificate.read(next);
      await reloadAgents(next, renewed, { directory, relay, delivery, submission });
      adopt();
      current = next;
    },
  };
}

/** What may change while they run. @throws anything; then nothing has changed but, perhaps, the accounts */
async function reloadAgents(
  next: Configuration,
  renewed: TlsCertificate,
  { delivery, directory, relay, submission }: Reloadable,
): Promise<void> {
  const options = await relayOptions(next, renewed, files);
  await directory.reload(next.directory);
  relay.reload(options);
  delivery.reload(deliveryOptions(next, renewed, readSecret));
  submission.reloadTls(renewed);
}

interface Reloadable {
  readonly directory: Directory;
  readonly relay: Relay;
  readonly delivery: DeliveryAgent;
  readonly submission: Submission;
}

function catchingOf(
  { catchAll = false }: StackOptions,
  configuration: Configuration,
  deps: StackDeps & { readonly directory: Directory },
): CatchAll {
  return catchAll ? createCatchAll(configuration, deps) : catchNothing(deps.directory);
}

/** The relay, with what it must know of this process. */
async function createStackRelay(
  configuration: Configuration,
  certificate: TlsCertificate,
  { disk, ...deps }: RelayDeps & { readonly disk: Disk },
): Promise<Relay> {
  return createRelay(await relayOptions(configuration, certificate, files), {
    ...deps,
    state: { disk, directory: join(configuration.server.stateDirectory, 'transport-security') },
    freeDiskBytes: () => freeBytes(disk, queueDisk(configuration)),
    usedMemoryBytes: () => process.memoryUsage.rss(),
  });
}

/** Where the configuration names another delivery agent than the stack's own. */
async function nextDelivery({ relay }: Configuration): Promise<RouteHost | undefined> {
  return relay.delivery && readNextHop(relay.delivery);
}

function addressesOf(
  submission: Pick<Submission, 'addresses'>,
  relay: Pick<Relay, 'address'>,
  delivery: Pick<DeliveryAgent, 'address'>,
): StackAddresses {
  const { startTls, tls } = submission.addresses;
  return {
    ...(startTls && { submission: startTls }),
    ...(tls && { submissionTls: tls }),
    ...(relay.address && { relay: relay.address }),
    ...(delivery.address && { lmtp: delivery.address }),
  };
}

/** A queue in memory has no directory; what leaves it is written below the state directory. */
function queueDisk({ queue, server }: Configuration): string {
  return queue.durability === 'memory' ? server.stateDirectory : queue.directory;
}
