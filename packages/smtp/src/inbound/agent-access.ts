/**
 * Access for our own agents: which peers may connect, and who of them may log in and be
 * believed where a message came from.
 *
 * A peer on a local socket counts as one that may connect. Logins are secrets between
 * our agents, not accounts: whoever knows one is that agent.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback, refuse } from '@posthouse/mail';
import type { Identity, Networks, Peer } from '@posthouse/mail';
import type { Credentials, SessionFacts, SessionPolicy } from './session-policy.ts';

/** The secret of each agent, by the name that it logs in with; asked for at each login, so that it can change. */
export type AgentLogins = Readonly<Record<string, () => string | Promise<string>>>;

/** Who may do what, as it is set now. */
export interface AgentAccess {
  /** `undefined`: everybody may connect. */
  readonly allowedPeers: Networks | undefined;
  readonly logins: AgentLogins;
}

/** The mechanism under which an agent's own login is known, and never an author's. */
const AGENT_MECHANISM = 'trusted-peer';

/** A policy that lets the peers in that may connect, and agents log in. `access` is asked at each step. */
export function createAgentPolicy(access: () => AgentAccess): SessionPolicy {
  return {
    connect({ peer }) {
      const { allowedPeers } = access();
      const isWelcome = allowedPeers === undefined || peer.address === 'local';
      if (!isWelcome && !allowedPeers.includes(peer.address)) throw refuse('peer-not-allowed');
    },
    authenticate: (credentials) => authenticate(credentials, access().logins),
  };
}

/** Whether one of our agents has logged in. */
export function isAgentSession(session: SessionFacts): boolean {
  return session.identity?.mechanism === AGENT_MECHANISM;
}

/** Whether nobody on the way can listen: loopback, or a local socket. */
export function isOnThisHost({ address }: Peer): boolean {
  return address === 'local' || isLoopback(address);
}

async function authenticate(
  { password, user }: Credentials,
  logins: AgentLogins,
): Promise<Identity> {
  const secret = Object.hasOwn(logins, user) ? await logins[user]?.() : undefined;
  if (secret === undefined || secret === '' || !isSame(password, secret)) {
    throw refuse('credentials-invalid');
  }
  return { account: user, mechanism: AGENT_MECHANISM };
}

/** Compares in a time that tells nothing. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
