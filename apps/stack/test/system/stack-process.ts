/** The stack as `posthouse up` runs it: one process of its own. */
import { join } from 'node:path';
import { startAgent } from './agent.ts';
import { onlyPlace } from './place.ts';
import type { ProcessShape } from './process-shape.ts';
import { createWorkplace, maildirIn } from './workplace.ts';

/** The source of the `posthouse` command. */
export const POSTHOUSE: string = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

/** The stack process. */
export const stackProcess: ProcessShape = {
  name: 'in a process of its own',
  hops: ['ESMTPSA'],
  async start(sections, atEnd) {
    const { accounts, ca, directory } = await createWorkplace(atEnd);
    const stack = await startAgent(
      { name: 'posthouse', program: POSTHOUSE, directory, atEnd },
      sections,
    );
    const { facts } = stack;
    return {
      submission: onlyPlace(facts['submission']),
      submissionTls: onlyPlace(facts['submissionTls']),
      relay: onlyPlace(facts['relay']),
      lmtp: onlyPlace(facts['lmtp']),
      ca,
      accounts,
      agents: { submission: stack, relay: stack, delivery: stack },
      get logs() {
        const { log } = stack.process;
        return { submission: log, relay: log, delivery: log };
      },
      directory,
      maildir: (account) => maildirIn(join(directory, 'var-posthouse'), account),
      reload: (changed) => stack.reload(changed),
      stop: () => stack.stop(),
    };
  },
};
