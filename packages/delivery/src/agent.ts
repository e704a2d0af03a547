/**
 * The delivery agent: an LMTP listener in front of the mailboxes (RFC 2033).
 *
 * Only named networks may connect; a unix socket's peers are whom the file system lets
 * in. Where relays have logins, only one that has logged in is believed where a message
 * came from and whether it is a second attempt; where there are none, all who may connect
 * are (decision 0006). AUTH is offered under TLS and on a unix socket.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createNetworks, refuse, startInOrder, stopInReverse } from '@posthouse/mail';
import type { Domain, Identity, Networks, Startable } from '@posthouse/mail';
import { createListener } from '@posthouse/smtp';
import type {
  Credentials,
  ListenAddress,
  Listener,
  ListenerLimits,
  SessionFacts,
  SessionPolicy,
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
  readonly logins?: Readonly<Record<string, () => string | Promise<string>>> | undefined;
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** How long open transactions may take to end when the agent stops. @default 30 s */
  readonly drainMs?: number | undefined;
}

/** What can change while it runs. Whether there are logins at all is settled at the start. */
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

/** The mechanism under which an agent's own login is known. */
const AGENT = 'trusted-peer';

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

interface Access {
  readonly allowedPeers: Networks;
  readonly logins: NonNullable<DeliveryAgentOptions['logins']>;
}

interface ListenerParts extends DeliveryDeps {
  readonly receiver: Delivery;
  /** Asked at each step, because it may change. */
  readonly access: () => Access;
}

function readAccess({ allowedPeers, logins = {} }: DeliveryAccess): Access {
  return { allowedPeers: createNetworks(allowedPeers), logins };
}

function createLmtpListener(
  listen: ListenAddress,
  options: DeliveryAgentOptions,
  { access, clock, logger, receiver }: ListenerParts,
): Listener {
  const hasLogins = Object.keys(access().logins).length > 0;
  const policy: SessionPolicy = {
    connect({ peer }) {
      const isLocal = peer.address === 'local';
      if (!isLocal && !access().allowedPeers.includes(peer.address)) {
        throw refuse('peer-not-allowed');
      }
    },
    authenticate: (credentials) => authenticateAgent(credentials, access().logins),
  };
  const isAgent = (session: SessionFacts): boolean => session.identity?.mechanism === AGENT;
  return createListener(
    {
      protocol: 'lmtp',
      listen,
      hostname: options.hostname,
      tls: options.certificate && { ...options.certificate, mode: 'starttls' },
      authentication: hasLogins
        ? {
            required: false,
            mechanisms: ['PLAIN'],
            allowWithoutTls: ({ address }) => address === 'local',
          }
        : undefined,
      limits: options.limits,
      drainMs: options.drainMs,
      trustedContext: hasLogins ? isAgent : () => true,
    },
    { receiver, policy, logger, clock },
  );
}

async function authenticateAgent(
  { password, user }: Credentials,
  logins: Access['logins'],
): Promise<Identity> {
  const secret = Object.hasOwn(logins, user) ? await logins[user]?.() : undefined;
  if (secret === undefined || secret === '' || !isSame(password, secret)) {
    throw refuse('credentials-invalid');
  }
  return { account: user, mechanism: AGENT };
}

/** Compares in a time that tells nothing. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
