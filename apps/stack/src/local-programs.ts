/**
 * What the stack does for programs on its host that have no login: it takes their mail at a
 * socket, and collects what they left in the spool while it did not run.
 */
import type { Configuration } from '@posthouse/configuration';
import type { Disk } from '@posthouse/durable-fs';
import { parseDomain, startInOrder, stopInReverse } from '@posthouse/mail';
import type { MailReceiver, Startable } from '@posthouse/mail';
import { createCollector } from '@posthouse/sendmail';
import { createLocalSubmission } from '@posthouse/submission';
import type { StackDeps } from './stack.ts';

export interface LocalProgramsDeps extends StackDeps {
  /** The relay. */
  readonly next: MailReceiver;
  readonly disk: Disk;
}

/** Makes both; nothing is opened before `start`. */
export function createLocalPrograms(
  { directory, sendmail, server, submission }: Configuration,
  deps: LocalProgramsDeps,
): Startable {
  const { access, socket, spoolDirectory } = sendmail;
  const { hostname } = server;
  const own = parseDomain(directory.domains[0] ?? '');
  const domain = sendmail.domain ?? own ?? hostname;
  const { limits } = submission;
  const local = createLocalSubmission({ hostname, domain, path: socket, access, limits }, deps);
  const collector = createCollector(
    { directory: spoolDirectory, access, hostname },
    { ...deps, receiver: local.receiver },
  );
  const parts = [local, collector];
  return { start: () => startInOrder(parts), stop: () => stopInReverse(parts) };
}
