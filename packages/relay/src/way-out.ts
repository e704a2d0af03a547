/**
 * Whether there is a way to another domain at all, asked while its author still listens: no
 * such domain, a null MX, mail hosts that lead back to us.
 *
 * Only what the DNS proves counts, and what it says soon: the author waits. All else is for
 * the queue, whose attempts find the answer remembered.
 *
 * RFC 5321 §3.3 (a 550 at RCPT spares a notification), RFC 7505 §4.1.
 */
import { MailError } from '@posthouse/mail';
import type { Clock } from '@posthouse/mail';
import type { NextHosts } from './next-hosts.ts';
import type { Route } from './route.ts';

/** Asks. @throws MailError permanent: there is none; `undefined` where nothing is asked */
export type WayOut = (route: Route) => Promise<void> | undefined;

export interface WayOutDeps {
  readonly nextHosts: NextHosts;
  readonly clock: Clock;
}

const MAX_WAIT_MS = 2_000;

/** Makes the question. */
export function createWayOut(deps: WayOutDeps): WayOut {
  return (route) =>
    route.kind === 'mx' || route.kind === 'literal' ? proveNone(route, deps) : undefined;
}

async function proveNone(
  route: Extract<Route, { kind: 'mx' | 'literal' }>,
  { clock, nextHosts }: WayOutDeps,
): Promise<void> {
  const late = new AbortController();
  const timer = clock.after(MAX_WAIT_MS, () => late.abort());
  try {
    await nextHosts.find(route, late.signal);
  } catch (error) {
    if (error instanceof MailError && error.permanent) throw error;
  } finally {
    timer.cancel();
  }
}
