/** A submission agent in a process of its own, in front of whatever a test plays. */
import { onTestFinished } from 'vitest';
import type { MailSystem, Place } from './mail-system.ts';
import { onlyPlace } from './place.ts';
import { startAgent } from './agent.ts';
import { bin } from './three-processes.ts';
import { createWorkplace } from './workplace.ts';

/** As far as an author sees it. */
export type SubmissionAlone = Pick<
  MailSystem,
  'accounts' | 'ca' | 'stop' | 'submission' | 'submissionTls'
>;

/** Starts one that hands mail to this place, in the clear. */
export async function startSubmissionAlone({ host, port }: Place): Promise<SubmissionAlone> {
  const { accounts, ca, directory } = await createWorkplace(onTestFinished);
  const agent = await startAgent({
    name: 'submission',
    program: bin('submission'),
    directory,
    atEnd: onTestFinished,
    own: { submission: { next_hop: { host, port, tls: 'off' } } },
  });
  return {
    submission: onlyPlace(agent.facts['startTls']),
    submissionTls: onlyPlace(agent.facts['tls']),
    ca,
    accounts,
    stop: async () => void (await agent.process.stop()),
  };
}
