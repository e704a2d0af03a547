/**
 * Submission, relay and delivery as three processes: SMTP with login and TLS from the first
 * to the second, LMTP with login and TLS from there to the third.
 *
 * They share an accounts file and certificates, as three hosts would have copies of them, and
 * nothing else: each has a configuration and a state directory of its own.
 */
import { join } from 'node:path';
import { startAgent } from './agent.ts';
import type { Agent } from './agent.ts';
import type { AgentName, AtEnd, Place, Sections } from './mail-system.ts';
import { onlyPlace } from './place.ts';
import type { ProcessShape, ProcessSystem } from './process-shape.ts';
import { createWorkplace, maildirIn } from './workplace.ts';

/** Puts something between the relay and the delivery agent. */
export type BeforeDelivery = (lmtp: Place) => Promise<Place>;

/** The three. */
export const threeProcesses: ProcessShape = {
  name: 'in three processes',
  hops: ['LMTPSA', 'ESMTPSA', 'ESMTPSA'],
  start: startThreeProcesses,
};

/** Starts them from the mailbox towards the author, because each is told where the next one is. */
export async function startThreeProcesses(
  sections: Sections,
  atEnd: AtEnd,
  before: BeforeDelivery = (lmtp) => Promise.resolve(lmtp),
): Promise<ProcessSystem> {
  const { accounts, ca, directory } = await createWorkplace(atEnd);
  const start = (name: AgentName, own: Sections): Promise<Agent> =>
    startAgent({ name, program: bin(name), directory, atEnd, own }, sections);

  const delivery = await start('delivery', { delivery: login('relay') });
  const lmtp = onlyPlace(delivery.facts['lmtp']);
  const relay = await start('relay', {
    relay: { ...login('submission'), delivery: nextHop(await before(lmtp), 'relay') },
  });
  const relayPlace = onlyPlace(relay.facts['relay']);
  const submission = await start('submission', {
    submission: { next_hop: nextHop(relayPlace, 'submission') },
  });
  const agents = { submission, relay, delivery };
  const all = Object.values(agents);
  return {
    submission: onlyPlace(submission.facts['startTls']),
    submissionTls: onlyPlace(submission.facts['tls']),
    relay: relayPlace,
    lmtp,
    ca,
    accounts,
    agents,
    get logs() {
      return {
        submission: submission.process.log,
        relay: relay.process.log,
        delivery: delivery.process.log,
      };
    },
    directory,
    maildir: (account) => maildirIn(join(directory, 'var-delivery'), account),
    reload: async (changed) => void (await Promise.all(all.map((agent) => agent.reload(changed)))),
    async stop() {
      for (const agent of [submission, relay, delivery]) await agent.stop();
    },
  };
}

/** The source of an agent's executable. */
export function bin(name: AgentName): string {
  const packages = join(import.meta.dirname, '..', '..', '..', '..', 'packages');
  return join(packages, name, 'src', 'bin.ts');
}

/** What an agent needs to know to log in to the next one, and for the one before it to log in. */
function nextHop({ host, port }: Place, user: string): Readonly<Record<string, unknown>> {
  return { host, port, tls: 'required', user, password_file: 'secret' };
}

function login(user: string): Readonly<Record<string, unknown>> {
  return { logins: { [user]: { password_file: 'secret' } } };
}
