/**
 * The delivery agent: an LMTP listener in front of the mailboxes (RFC 2033).
 *
 * Only named networks may connect; a unix socket's peers are whom the file system lets
 * in. Only a relay that has logged in, or whose network is named as trusted, is believed
 * where a message came from and whether it is a second attempt (decision 0006). AUTH is
 * offered under TLS and on this host, while relays have logins.
 */
import { createNetworks, startInOrder, stopInReverse } from '@posthouse/mail';
import type { Domain, Networks, Startable } from '@posthouse/mail';
import { createAgentPolicy, createListener, isAgentSession, isOnThisHost } from '@posthouse/smtp';
import type {
  AgentAccess,
  AgentLogins,
  ListenAddress,
  Listener,
  ListenerLimits,
  TlsCertificate,
} from '@posthouse/smtp';
import { createDelivery } from './delivery.ts';
import type { Delivery, DeliveryDeps } from './delivery.ts';
import type { DeliveryOptions } from './options.ts';

/** Options of `createDeliveryAgent`. */
export interface DeliveryAgentOptions extends DeliveryOptions {
  readonly hostname: Domain;
  /** Where it listens; absent: it does not, and is only to be called. */
  readonly listen?: ListenAddress | undefined;
  /** For STARTTLS; absent: no TLS. */
  readonly certificate?: TlsCertificate | undefined;
  /** Networks whose hosts may connect, in CIDR form. */
  readonly allowedPeers: readonly string[];
  /** Relays of ours by the name that they log in with; what gives the secret is asked at each login. */
  readonly logins?: AgentLogins | undefined;
  /** Networks whose hosts are believed without a login, in CIDR form. @default none */
  readonly trustedNetworks?: readonly string[] | undefined;
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** How long open transactions may take to end when the agent stops. @default 30 s */
  readonly drainMs?: number | undefined;
}

/** What can change while it runs. Whether there is TLS is settled at the start. */
export type DeliveryAccess = Pick<
  DeliveryAgentOptions,
  'allowedPeers' | 'trustedNetworks' | 'logins' | 'certificate'
>;

/** A running delivery agent. */
export interface DeliveryAgent extends Startable {
  /** For callers in the same process. */
  readonly receiver: Delivery;
  /** Where it listens, once started; absent where it does not. */
  readonly address: ListenAddress | undefined;
  /** For sessions to come; those that stand go on. @throws RangeError, Error; then nothing changes */
  reload(access: DeliveryAccess): void;
}

/**
 * Makes a delivery agent.
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * const agent = createDeliveryAgent(
 *   { hostname, mailDirectory: 'var/mail', listen: { host: '127.0.0.1', port: 2424 }, allowedPeers: ['127.0.0.1'] },
 *   { directory, logger, clock: systemClock },
 * );
 * await agent.start();
 */
export function createDeliveryAgent(
  options: DeliveryAgentOptions,
  deps: DeliveryDeps,
): DeliveryAgent {
  const { listen } = options;
  const receiver = createDelivery(options, deps);
  let access = readAccess(options);
  const listener =
    listen && createLmtpListener(listen, options, { ...deps, receiver, access: () => access });
  const parts = listener === undefined ? [receiver] : [receiver, listener];
  return {
    receiver,
    get address() {
      return listener?.address;
    },
    start: () => startInOrder(parts),
    stop: () => stopInReverse(parts),
    reload(changed) {
      const read = readAccess(changed);
      if (changed.certificate !== undefined && options.certificate !== undefined) {
        listener?.reloadTls(changed.certificate);
      }
      access = read;
    },
  };
}

interface ListenerParts extends DeliveryDeps {
  readonly receiver: Delivery;
  /** Asked at each step, because it may change. */
  readonly access: () => Access;
}

interface Access extends AgentAccess {
  readonly trustedNetworks: Networks;
}

function readAccess({ allowedPeers, trustedNetworks = [], logins = {} }: DeliveryAccess): Access {
  return {
    allowedPeers: createNetworks(allowedPeers),
    trustedNetworks: createNetworks(trustedNetworks),
    logins,
  };
}

function createLmtpListener(
  listen: ListenAddress,
  options: DeliveryAgentOptions,
  { access, clock, logger, receiver }: ListenerParts,
): Listener {
  return createListener(
    {
      protocol: 'lmtp',
      listen,
      hostname: options.hostname,
      tls: options.certificate && { ...options.certificate, mode: 'starttls' },
      authentication: {
        required: false,
        mechanisms: ['PLAIN'],
        allowWithoutTls: isOnThisHost,
        isOffered: () => Object.keys(access().logins).length > 0,
      },
      limits: options.limits,
      drainMs: options.drainMs,
      trustedContext: (session) =>
        isAgentSession(session) || access().trustedNetworks.includes(session.peer.address),
    },
    { receiver, policy: createAgentPolicy(access), logger, clock },
  );
}
