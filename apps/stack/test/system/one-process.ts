/** The stack in this very process, as a program embeds it. */
import { join } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import { createEventLog } from '@posthouse/testkit';
import { startStack } from '../../src/start-stack.ts';
import type { AtEnd, MailSystem, Sections, Shape } from './mail-system.ts';
import { onlyPlace } from './place.ts';
import { configurationText, createWorkplace, maildirIn } from './workplace.ts';

export const oneProcess: Shape = {
  name: 'in one process',
  hops: ['ESMTPSA'],
  start: startOneProcess,
};

/** Starts one, with accounts in this domain. */
export async function startOneProcess(
  sections: Sections,
  atEnd: AtEnd,
  domain?: string,
): Promise<MailSystem> {
  const { accounts, ca, directory } = await createWorkplace(atEnd, domain);
  const log = createEventLog();
  const stack = await startStack({
    directory,
    configuration: configurationText(sections),
    logger: log.logger,
  });
  atEnd(() => stack.stop());
  const { addresses } = stack;
  return {
    submission: onlyPlace(addresses.submission),
    submissionTls: onlyPlace(addresses.submissionTls),
    relay: onlyPlace(addresses.relay),
    lmtp: onlyPlace(addresses.lmtp),
    ca,
    accounts,
    logs: { submission: log, relay: log, delivery: log },
    directory,
    maildir: (account) => maildirIn(join(directory, 'var'), account),
    async reload(changed) {
      const path = join(directory, 'posthouse.toml');
      const reading = readConfiguration(configurationText(changed), path);
      if (reading.kind === 'invalid') throw new TypeError(JSON.stringify(reading.problems));
      await stack.reload(reading.configuration);
    },
    stop: () => stack.stop(),
  };
}
