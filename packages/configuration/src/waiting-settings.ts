/**
 * What a reload does not take: settings that a process reads once, when it starts. Pure.
 *
 * Everything else is in use once `posthouse reload` has answered; docs/configuration.md has
 * both lists.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from './configuration.ts';
import type { Role } from './surroundings.ts';

/** A setting as the file names it, and what it is in the configuration. */
type Waiting = readonly [name: string, valueOf: (of: Configuration) => unknown];

const OF_ALL: readonly Waiting[] = [
  ['server.hostname', ({ server }) => server.hostname],
  ['server.state_directory', ({ server }) => server.stateDirectory],
  ['server.drain', ({ server }) => server.drainMs],
  ['log.format', ({ log }) => log.format],
];
const OF_SUBMISSION: readonly Waiting[] = [
  ['submission.listen', ({ submission }) => submission.listen],
  ['submission.listen_tls', ({ submission }) => submission.listenTls],
  ['the limits of [submission]', ({ submission }) => submission.limits],
];
const OF_RELAY: readonly Waiting[] = [
  ['[dns]', ({ dns }) => dns],
  ['relay.listen', ({ relay }) => relay.listen],
  ['relay.delivery', ({ relay }) => relay.delivery],
  ['relay.recipient_check', ({ relay }) => relay.recipientCheck],
  ['[relay.retry]', ({ relay }) => relay.retry],
  ['the limits of [relay]', ({ relay }) => relay.limits],
  ['[queue]', ({ queue }) => queue],
];
const OF_DELIVERY: readonly Waiting[] = [
  ['delivery.listen', ({ delivery }) => delivery.listen],
  ['delivery.mail_directory', ({ delivery }) => delivery.mailDirectory],
  ['the limits of [delivery]', ({ delivery }) => delivery.limits],
];

const BY_ROLE: Readonly<Record<Role, readonly Waiting[]>> = {
  submission: [
    ...OF_ALL,
    ...OF_SUBMISSION,
    ['submission.next_hop', ({ submission }) => submission.nextHop],
  ],
  relay: [...OF_ALL, ...OF_RELAY],
  delivery: [...OF_ALL, ...OF_DELIVERY],
  stack: [
    ...OF_ALL,
    ...OF_SUBMISSION,
    ...OF_RELAY,
    ...OF_DELIVERY,
    ['[sendmail]', ({ sendmail }) => sendmail],
  ],
};

/**
 * The settings that differ and take effect with the next start, by their names in the file.
 * @param started what the process was started with
 */
export function settingsThatWait(
  started: Configuration,
  next: Configuration,
  role: Role = 'stack',
): readonly string[] {
  return BY_ROLE[role]
    .filter(([, valueOf]) => !isDeepStrictEqual(valueOf(started), valueOf(next)))
    .map(([name]) => name);
}
