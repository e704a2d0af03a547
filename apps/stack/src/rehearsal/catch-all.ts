/**
 * A stack that keeps every message, whatever its recipient, in one mailbox: for programs
 * under development, whose mail must reach nobody.
 *
 * To its relay every domain is its own, so nothing is ever sent out, and who connects needs
 * no login. That is why it listens on this host alone: with any other address it does not
 * start. Recipients of `fail.posthouse.test` meet with what they ask for.
 */
import type { Configuration } from '@posthouse/configuration';
import type { Directory } from '@posthouse/directory';
import { createMailbox, isThisHost, mailboxKey, parseDomain } from '@posthouse/mail';
import type { Clock, MailReceiver, Mailbox } from '@posthouse/mail';
import { ExitError } from '@posthouse/process';
import type { ListenAddress } from '@posthouse/smtp';
import { rehearsedOutcome } from './rehearsed-outcome.ts';
import { createRehearsingReceiver } from './rehearsing-receiver.ts';

/** What the wiring puts in place of its own. */
export interface CatchAll {
  /** Of the mailbox, as `posthouse read` takes it; absent: nothing is caught. */
  readonly account?: string;
  /** For relay and delivery. */
  readonly directory: Directory;
  /** In front of the relay's queue. */
  readonly atIntake: (next: MailReceiver) => MailReceiver;
  /** In front of delivery. */
  readonly atDelivery: (next: MailReceiver) => MailReceiver;
}

/** The wiring as it is. */
export function catchNothing(directory: Directory): CatchAll {
  return { directory, atIntake: (next) => next, atDelivery: (next) => next };
}

/**
 * The same with a queue of its own: mail that waits for others is not caught, and what is caught
 * is never sent out by a later stack that catches nothing.
 */
export function withOwnQueue(configuration: Configuration): Configuration {
  const { queue } = configuration;
  return { ...configuration, queue: { ...queue, directory: `${queue.directory}-catch-all` } };
}

/** @throws ExitError `configuration` where others than this host could connect */
export function createCatchAll(
  configuration: Configuration,
  { clock, directory }: { readonly directory: Directory; readonly clock: Clock },
): CatchAll {
  refuseOthers(configuration);
  const mailbox = catchAllMailbox(configuration);
  const account = { name: mailboxKey(mailbox), mailbox };
  const match = { kind: 'account', account } as const;
  return {
    account: account.name,
    directory: {
      ...directory,
      isOwnDomain: () => true,
      resolve: () => match,
      // Who asks to be refused after queueing must come as far as delivery under his own name.
      expand: (address) => ({
        finals: [rehearsedOutcome(address)?.step === 'queue' ? address : mailbox],
        lost: [],
      }),
      accountAt: () => match,
    },
    atIntake: (next) => createRehearsingReceiver({ steps: ['recipient', 'data'] }, { next, clock }),
    atDelivery: (next) => createRehearsingReceiver({ steps: ['queue'] }, { next, clock }),
  };
}

function catchAllMailbox({ directory, server }: Configuration): Mailbox {
  const domain = parseDomain(directory.domains[0] ?? '') ?? server.hostname;
  const mailbox = createMailbox('catch-all', domain);
  if (mailbox === undefined) throw new TypeError(`no address in ${domain}`);
  return mailbox;
}

function refuseOthers({ delivery, relay, submission }: Configuration): void {
  if (relay.delivery !== undefined) {
    throw new ExitError('configuration', '--catch-all delivers here: leave relay.delivery out');
  }
  const places: readonly (readonly [string, ListenAddress | undefined])[] = [
    ['submission.listen', submission.listen],
    ['submission.listen_tls', submission.listenTls],
    ['relay.listen', relay.listen],
    ['delivery.listen', delivery.listen],
  ];
  for (const [name, address] of places) {
    if (address === undefined || 'path' in address || isThisHost(address.host)) continue;
    const text = `--catch-all takes mail for every domain from everybody who can connect, and ${name} is ${address.host}: it runs on 127.0.0.1 and ::1 only`;
    throw new ExitError('configuration', text);
  }
}
