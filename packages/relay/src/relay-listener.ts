/**
 * The relay's listener: open to the world for our own domains, and for our own agents,
 * which log in and are believed who the author was.
 *
 * STARTTLS where there is a certificate; AUTH only under it, or over loopback and local
 * sockets, and only while agents have logins.
 */
import type { Clock, Logger, MailReceiver, Networks } from '@posthouse/mail';
import { createAgentPolicy, createListener, isAgentSession, isOnThisHost } from '@posthouse/smtp';
import type { AgentAccess, ListenAddress, Listener } from '@posthouse/smtp';
import type { RelayOptions } from './relay.ts';

/** Who may do what, as it is set now. */
export interface RelayAccess extends AgentAccess {
  /** Whose bare line endings are mended. */
  readonly normalized: Networks;
}

export interface RelayListenerDeps {
  readonly receiver: MailReceiver;
  /** Asked at each step, because it may change. */
  readonly access: () => RelayAccess;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Makes the listener. */
export function createRelayListener(
  listen: ListenAddress,
  options: RelayOptions,
  deps: RelayListenerDeps,
): Listener {
  const { access, clock, logger, receiver } = deps;
  return createListener(
    {
      protocol: 'smtp',
      listen,
      hostname: options.hostname,
      postmasterDomain: options.postmasterDomain,
      tls: options.certificate && { ...options.certificate, mode: 'starttls' },
      authentication: {
        required: false,
        mechanisms: ['PLAIN'],
        allowWithoutTls: isOnThisHost,
        isOffered: () => Object.keys(access().logins).length > 0,
      },
      bareLineEndings: ({ address }) =>
        access().normalized.includes(address) ? 'normalize' : 'refuse',
      limits: options.limits,
      drainMs: options.drainMs,
      trustedContext: isAgentSession,
    },
    { receiver, policy: createAgentPolicy(access), logger, clock },
  );
}
