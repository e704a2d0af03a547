/**
 * The relay's listener: open to the world for our own domains, and for our own agents,
 * which log in and are believed who the author was.
 *
 * STARTTLS where there is a certificate; AUTH only under it, or from a local socket, where
 * agents have logins. A stranger is never offered AUTH that could work without TLS.
 */
import { timingSafeEqual, createHash } from 'node:crypto';
import { refuse } from '@posthouse/mail';
import type { Clock, Identity, Logger, MailReceiver, Networks } from '@posthouse/mail';
import { createListener } from '@posthouse/smtp';
import type { Credentials, ListenAddress, Listener, SessionPolicy } from '@posthouse/smtp';
import type { RelayOptions } from './relay.ts';

/** Who may do what, as it is set now. */
export interface RelayAccess {
  /** `undefined`: everybody may connect. */
  readonly allowedPeers: Networks | undefined;
  /** Whose bare line endings are mended. */
  readonly normalized: Networks;
  readonly logins: NonNullable<RelayOptions['logins']>;
}

export interface RelayListenerDeps {
  readonly receiver: MailReceiver;
  /** Asked at each step, because it may change. */
  readonly access: () => RelayAccess;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The mechanism under which an agent's own login is known, and never an author's. */
const AGENT = 'trusted-peer';

/** Makes the listener. */
export function createRelayListener(
  listen: ListenAddress,
  options: RelayOptions,
  deps: RelayListenerDeps,
): Listener {
  const { access, clock, logger, receiver } = deps;
  const isLocal = (peer: { readonly address: string }): boolean => peer.address === 'local';
  const hasLogins = Object.keys(access().logins).length > 0;
  return createListener(
    {
      protocol: 'smtp',
      listen,
      hostname: options.hostname,
      tls: options.certificate && { ...options.certificate, mode: 'starttls' },
      authentication: hasLogins
        ? { required: false, mechanisms: ['PLAIN'], allowWithoutTls: isLocal }
        : undefined,
      bareLineEndings: ({ address }) =>
        access().normalized.includes(address) ? 'normalize' : 'refuse',
      limits: options.limits,
      drainMs: options.drainMs,
      trustedContext: (session) => session.identity?.mechanism === AGENT,
    },
    { receiver, policy: policyOf(access), logger, clock },
  );
}

function policyOf(access: () => RelayAccess): SessionPolicy {
  return {
    connect({ peer }) {
      const { allowedPeers } = access();
      const isWelcome = allowedPeers === undefined || peer.address === 'local';
      if (!isWelcome && !allowedPeers.includes(peer.address)) throw refuse('peer-not-allowed');
    },
    authenticate: (credentials) => authenticateAgent(credentials, access().logins),
  };
}

async function authenticateAgent(
  { password, user }: Credentials,
  logins: RelayAccess['logins'],
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
