/**
 * From the configuration file to the submission agent's options: the same for the agent
 * alone and for the stack.
 */
import { parseDomain } from '@posthouse/mail';
import type { Configuration } from '@posthouse/configuration';
import type { TlsCertificate } from '@posthouse/smtp';
import type { SubmissionOptions } from './submission.ts';

/** The options that a configuration means. */
export function submissionOptions(
  { directory, server, submission }: Configuration,
  certificate: TlsCertificate,
): SubmissionOptions {
  const { maxMessagesPerHour, maxRecipientsPerHour, ...limits } = submission.limits;
  return {
    hostname: server.hostname,
    postmasterDomain: parseDomain(directory.domains[0] ?? ''),
    listen: submission.listen,
    listenTls: submission.listenTls,
    certificate,
    limits,
    sending: { maxMessagesPerHour, maxRecipientsPerHour },
    drainMs: server.drainMs,
  };
}
