/** The stack in this very process, as a program embeds it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import { createEventLog } from '@posthouse/testkit';
import { startStack } from '../../src/start-stack.ts';
import type { MailSystem, Shape } from './mail-system.ts';
import { onlyPlace } from './place.ts';
import { ACCOUNTS, configurationText, createWorkplace, maildirIn } from './workplace.ts';

export const oneProcess: Shape = {
  name: 'in one process',
  hops: ['ESMTPSA'],
  async start(sections, atEnd) {
    const { ca, directory } = await createWorkplace(atEnd);
    const log = createEventLog();
    const stack = await startStack({
      directory,
      configuration: configurationText(sections),
      logger: log.logger,
    });
    atEnd(() => stack.stop());
    const { addresses } = stack;
    const system: MailSystem = {
      submission: onlyPlace(addresses.submission),
      submissionTls: onlyPlace(addresses.submissionTls),
      relay: onlyPlace(addresses.relay),
      lmtp: onlyPlace(addresses.lmtp),
      ca,
      accounts: ACCOUNTS,
      logs: { submission: log, relay: log, delivery: log },
      directory,
      maildir: (account) => maildirIn(join(directory, 'var'), account),
      async reload(changed) {
        const path = join(directory, 'posthouse.toml');
        const text = configurationText(changed);
        await writeFile(path, text);
        const reading = readConfiguration(text, path);
        if (reading.kind === 'invalid') throw new TypeError(JSON.stringify(reading.problems));
        await stack.reload(reading.configuration);
      },
      stop: () => stack.stop(),
    };
    return system;
  },
};
