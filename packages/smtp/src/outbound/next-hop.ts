/**
 * A next hop as a receiver: what is given to it goes straight on over SMTP or LMTP, and
 * nothing is kept here (cut-through).
 *
 * Every answer is the peer's own: a recipient is answered when the peer answered it, and
 * the outcomes are the peer's replies to the content. One host is chosen for a transaction
 * and stays; where several are named, the next one is tried only while no session stands.
 *
 * `capabilities` are what the last EHLO offered. Before any was seen they are hoped for
 * (all but REQUIRETLS without verified TLS): where the hop then lacks one, MAIL or RCPT is
 * refused with its proper code.
 *
 * RFC 5321 §3.6, §5; RFC 2033.
 */
import type { MailReceiver, Startable } from '@posthouse/mail';
import type { ConnectTarget } from './connect-target.ts';
import { HopTransaction } from './hop-transaction.ts';
import { HopSessions } from './hop-sessions.ts';
import { createSessionPool } from './session-pool.ts';
import type { SessionPoolDeps, SessionPoolOptions } from './session-pool.ts';
import { CUT_THROUGH_TIMEOUTS } from './timeouts.ts';

export interface NextHopOptions {
  /**
   * The next host, or several in order of preference; all of one protocol. Their timeouts
   * default to `CUT_THROUGH_TIMEOUTS`, shorter than authors wait.
   */
  readonly target: ConnectTarget | readonly ConnectTarget[];
  readonly pool?: SessionPoolOptions;
}

export type NextHopDeps = SessionPoolDeps;

/** A receiver that hands on. */
export interface NextHop extends MailReceiver, Startable {}

/**
 * Makes a next hop.
 * @throws TypeError no target, or two protocols
 * @example
 * const hop = createNextHop({ target }, { clock: systemClock, logger: silentLogger });
 * await hop.start();
 */
export function createNextHop(options: NextHopOptions, deps: NextHopDeps): NextHop {
  const given: readonly ConnectTarget[] = isList(options.target)
    ? options.target
    : [options.target];
  const [first] = given;
  if (first === undefined) throw new TypeError('a next hop needs a target');
  if (given.some((target) => target.protocol !== first.protocol)) {
    throw new TypeError('the targets of a next hop must speak one protocol');
  }
  const targets = given.map((target) => ({
    ...target,
    timeouts: { ...CUT_THROUGH_TIMEOUTS, ...target.timeouts },
  }));
  const sessions = new HopSessions(
    targets,
    createSessionPool(options.pool ?? {}, deps),
    deps.clock,
  );
  return {
    results: first.protocol === 'lmtp' ? 'per-recipient' : 'all-or-nothing',
    stagesAhead: true,
    capabilities: () => sessions.capabilities,
    begin: (reversePath, params, context, signal) =>
      new HopTransaction({ reversePath, params, context }, { sessions, ...deps }, signal),
    start: () => sessions.start(),
    stop: () => sessions.stop(),
  };
}

function isList(
  target: ConnectTarget | readonly ConnectTarget[],
): target is readonly ConnectTarget[] {
  return Array.isArray(target);
}
