/**
 * The delivery agent: an LMTP listener in front of the mailboxes (RFC 2033).
 *
 * Only named networks may connect; a unix socket's peers are whom the file system lets
 * in. Where relays have logins, only one that has logged in is believed where a message
 * came from and whether it is a second attempt; where there are none, all who may connect
 * are (decision 0006). AUTH is offered under TLS and on this host.
 */
import { createNetworks, startInOrder, stopInReverse } from '@posthouse/mail';
import type { Domain, Startable } from '@posthouse/mail';
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
  /**
   * Whether peers that may connect are believed by their address alone where there are no logins.
   * False where no relay comes over the network, as in the stack. @default true
   */
  readonly believesPeers?: boolean | undefined;
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** How long open transactions may take to end when the agent stops. @default 30 s */
  readonly drainMs?: number | undefined;
}

/** What can change while it runs. Whether AUTH is offered, and TLS, is settled at the start. */
export type DeliveryAccess = Pick<DeliveryAgentOptions, 'allowedPeers' | 'logins' | 'certificate'>;

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
  readonly access: () => AgentAccess;
}

function readAccess({ allowedPeers, logins = {} }: DeliveryAccess): AgentAccess {
  return { allowedPeers: createNetworks(allowedPeers), logins };
}

function createLmtpListener(
  listen: ListenAddress,
  options: DeliveryAgentOptions,
  { access, clock, logger, receiver }: ListenerParts,
): Listener {
  const { believesPeers = true } = options;
  const hasLogins = (): boolean => Object.keys(access().logins).length > 0;
  return createListener(
    {
      protocol: 'lmtp',
      listen,
      hostname: options.hostname,
      tls: options.certificate && { ...options.certificate, mode: 'starttls' },
      authentication: hasLogins()
        ? {
            required: false,
            mechanisms: ['PLAIN'],
            allowWithoutTls: isOnThisHost,
          }
        : undefined,
      limits: options.limits,
      drainMs: options.drainMs,
      trustedContext: (session) => isAgentSession(session) || (believesPeers && !hasLogins()),
    },
    { receiver, policy: createAgentPolicy(access), logger, clock },
  );
}
