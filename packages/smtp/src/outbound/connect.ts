/**
 * Opens one outbound session: dial, handshake, login.
 *
 * Every failure is a transient MailError whose code begins with `next-hop-`, because a
 * host that will not talk to us says nothing about a recipient; the peer's own reply, where
 * there was one, stands in `heard`. The one other is what the signal says.
 *
 * RFC 5321 §3.1; RFC 7435 §3 (opportunistic: a broken TLS is worse than none to nobody).
 */
import { MailError } from '@posthouse/mail';
import type { Clock, Logger } from '@posthouse/mail';
import { hostOfTarget } from './connect-target.ts';
import type { ConnectTarget } from './connect-target.ts';
import { dial } from './dial.ts';
import { shakeHands } from './handshake.ts';
import type { Established } from './handshake.ts';
import { createClientSession } from './session.ts';
import type { ClientSession } from './session.ts';
import { OUTBOUND_TIMEOUTS } from './timeouts.ts';
import type { OutboundTimeouts } from './timeouts.ts';
import { outcomeOfRefusal, outcomeOfSession } from './tls-outcome.ts';
import type { OnTls } from './tls-outcome.ts';
import { tellConnection } from './transcript.ts';
import type { OnLine } from './transcript.ts';

export interface ConnectDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gets the conversation, with nothing in it that is secret. */
  readonly onLine?: OnLine | undefined;
  readonly onTls?: OnTls | undefined;
}

/**
 * Connects.
 * @throws MailError `next-hop-unreachable`, `next-hop-lost`, `next-hop-refused`, `next-hop-tls`,
 * `next-hop-authentication`, or what the signal says
 */
export async function connect(
  target: ConnectTarget,
  deps: ConnectDeps,
  signal?: AbortSignal,
): Promise<ClientSession> {
  const timeouts: OutboundTimeouts = { ...OUTBOUND_TIMEOUTS, ...target.timeouts };
  const { onLine } = deps;
  const open = async (startTls: boolean): Promise<Established> => {
    const dialled = await dial(target, timeouts, deps.clock, signal);
    tellConnection(onLine, dialled);
    return shakeHands(dialled, { target, timeouts, startTls, onLine }, deps.clock, signal);
  };
  const { fallsBack = true, mode } = target.tls;
  let broken: MailError | undefined;
  const established = await open(mode === 'opportunistic' || mode === 'required').catch((error) => {
    if (!brokeInTls(error)) throw error;
    if (mode !== 'opportunistic' || !fallsBack) {
      deps.onTls?.(outcomeOfRefusal(error, hostOfTarget(target)));
      throw error;
    }
    broken = error;
    deps.logger.warn(
      { event: 'tls-fallback', host: error.host?.name, error: error.fields['error'] },
      'TLS handshake with the next host failed, going on without',
    );
    onLine?.({ direction: 'noted', text: 'TLS failed, once more without' });
    return open(false);
  });
  if (mode !== 'off') deps.onTls?.(outcomeOfSession(established, broken));
  const session = createClientSession(established, { target, timeouts, onLine }, deps);
  deps.logger.debug(
    {
      event: 'session-opened',
      host: session.peer.name,
      address: session.peer.address,
      tls: session.tls,
    },
    'Connected to the next host',
  );
  return session;
}

function brokeInTls(error: unknown): error is MailError {
  return error instanceof MailError && error.code === 'next-hop-tls';
}
