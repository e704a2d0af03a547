/**
 * The relay's transmitter: carries an attempt to the delivery agent or to the hosts of
 * its route, one after the other, until every recipient has an answer.
 *
 * A host that is in trouble as a whole is left for the next one; an answer about a
 * recipient or the message stands. What may have been taken is never sent again in the
 * same attempt. The route is decided anew each time, so that a changed setting moves
 * mail that is queued already.
 */
import { isTaken, outcomeOfError, outcomeOfFault, refuse } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import type { Attempt, RecipientRecord, Transmitter } from '@posthouse/queue';
import type { HostMemory } from './host-memory.ts';
import type { NextHost, NextHosts, OnwardRoute } from './next-hosts.ts';
import { decideRoute, laneOf, senderOf } from './route.ts';
import type { Route, RoutingTable } from './route.ts';

export interface TransmissionDeps {
  readonly routing: RoutingTable;
  readonly nextHosts: NextHosts;
  /** Own domains. */
  readonly delivery: Transmitter;
  /** Which hosts have little hope at the moment. */
  readonly memory: HostMemory;
  /** One attempt at one host. */
  readonly sendTo: (host: NextHost, attempt: Attempt) => Promise<readonly RecipientOutcome[]>;
}

/** Makes the transmitter. */
export function createTransmission(deps: TransmissionDeps): Transmitter {
  return {
    async transmit(attempt) {
      const parts = partsOf(attempt, deps.routing);
      const [only] = parts;
      if (only !== undefined && parts.length === 1) return transmitBy(only.route, attempt, deps);
      const outcomes = new Map<RecipientRecord, RecipientOutcome>();
      for (const { recipients, route } of parts) {
        // A fault of one part must not hide what another part's host has taken.
        const answers = await transmitBy(route, { ...attempt, recipients }, deps).catch(
          (error: unknown) => recipients.map(() => outcomeOfFault(error)),
        );
        note(outcomes, recipients, answers);
      }
      return outcomesOf(attempt, outcomes);
    },
  };
}

interface Part {
  readonly route: Route;
  readonly recipients: RecipientRecord[];
}

/**
 * The recipients by their routes. Mostly there is one: but a setting may have changed since
 * they were put together, and one domain's host must not be asked to take another's mail.
 */
function partsOf(attempt: Attempt, routing: RoutingTable): readonly Part[] {
  const parts = new Map<string, Part>();
  const sender = senderOf(attempt.message);
  for (const recipient of attempt.recipients) {
    const { route } = decideRoute(recipient.forwardPath, sender, routing);
    const lane = laneOf(route);
    const part = parts.get(lane) ?? { route, recipients: [] };
    part.recipients.push(recipient);
    parts.set(lane, part);
  }
  return [...parts.values()];
}

async function transmitBy(
  route: Route,
  attempt: Attempt,
  deps: TransmissionDeps,
): Promise<readonly RecipientOutcome[]> {
  switch (route.kind) {
    case 'delivery':
      return (await deps.delivery.transmit(attempt)).map(asDelivered);
    case 'off':
    case 'sink':
      return attempt.recipients.map(() => outcomeOfError(outsideOff()));
    case 'hosts':
    case 'literal':
    case 'mx':
      return transmitToHosts(route, attempt, deps);
  }
}

/** Behind our own delivery agent there is nobody: what it has taken over LMTP is delivered (RFC 2033 §4.2). */
function asDelivered(outcome: RecipientOutcome): RecipientOutcome {
  if (outcome.kind !== 'relayed') return outcome;
  const { host, reply, status, tls } = outcome;
  return { kind: 'delivered', status, reply, ...(host && { host }), ...(tls && { tls }) };
}

async function transmitToHosts(
  route: OnwardRoute,
  attempt: Attempt,
  deps: TransmissionDeps,
): Promise<readonly RecipientOutcome[]> {
  let hosts: readonly NextHost[];
  try {
    hosts = await deps.nextHosts.find(route, attempt.signal);
  } catch (error) {
    return attempt.recipients.map(() => outcomeOfError(error));
  }
  const outcomes = new Map<RecipientRecord, RecipientOutcome>();
  for (const host of deps.memory.inOrder(hosts)) {
    const open = attempt.recipients.filter((recipient) => mayTryOn(outcomes.get(recipient)));
    if (open.length === 0 || attempt.signal.aborted) break;
    const answers = await deps.sendTo(host, { ...attempt, recipients: open });
    deps.memory.learn(host, answers);
    note(outcomes, open, answers);
  }
  return outcomesOf(attempt, outcomes);
}

function note(
  outcomes: Map<RecipientRecord, RecipientOutcome>,
  recipients: readonly RecipientRecord[],
  answers: readonly RecipientOutcome[],
): void {
  for (const [i, recipient] of recipients.entries()) {
    const answer = answers[i];
    if (answer !== undefined) outcomes.set(recipient, moreHopeful(outcomes.get(recipient), answer));
  }
}

function outcomesOf(
  attempt: Attempt,
  outcomes: ReadonlyMap<RecipientRecord, RecipientOutcome>,
): readonly RecipientOutcome[] {
  return attempt.recipients.map(
    (recipient) => outcomes.get(recipient) ?? outcomeOfError(refuse('next-hop-unreachable')),
  );
}

/** What one host lacks does not fail what another one, out of reach now, may carry. */
function moreHopeful(
  before: RecipientOutcome | undefined,
  answer: RecipientOutcome,
): RecipientOutcome {
  return before?.kind === 'delayed' && isLacking(answer) ? before : answer;
}

/** The host cannot carry the message; another one perhaps can (RFC 8689 §4.2.1). */
function isLacking(outcome: RecipientOutcome): boolean {
  return outcome.kind === 'failed' && outcome.proof === 'unsupported';
}

/**
 * Only trouble of the host as a whole, with nothing in doubt, and what it lacks for the message
 * are worth another host.
 */
function mayTryOn(outcome: RecipientOutcome | undefined): boolean {
  if (outcome === undefined || isLacking(outcome)) return true;
  return (
    !isTaken(outcome) &&
    outcome.kind === 'delayed' &&
    outcome.scope === 'host' &&
    outcome.inDoubt !== true
  );
}

/** The setting was changed while mail was queued for elsewhere: it waits, for the setting may be changed back. */
function outsideOff(): Error {
  return refuse('routing-unavailable', {
    text: 'Mail to other domains is switched off here; set relay.outbound to switch it on',
    scope: 'host',
  });
}
