/**
 * Submission for programs on this host that have no login: a unix socket, or a call within
 * the process, whose messages count as our own.
 *
 * Who may open the socket may write in any name and to every domain that the relay serves,
 * as with every sendmail; its permission bits are all that guards it. Repair is that of
 * authors: Date, Message-ID and From are added, Bcc is taken out.
 *
 * RFC 6409 §8.
 */
import { chmod } from 'node:fs/promises';
import { formatMailbox, newTransactionId, NULL_PATH } from '@posthouse/mail';
import type { Clock, Domain, Logger, MailReceiver, Startable } from '@posthouse/mail';
import { createListener } from '@posthouse/smtp';
import type { ListenerLimits } from '@posthouse/smtp';
import { repairHeaderSection } from './repair.ts';
import { RepairingTransaction } from './repairing-transaction.ts';

export interface LocalSubmissionOptions {
  readonly hostname: Domain;
  /** Completes `postmaster`, and the author of a message that has neither From nor reverse-path. */
  readonly domain: Domain;
  /** The socket; absent: calls within the process alone. */
  readonly path?: string | undefined;
  /** Who may open it. */
  readonly access: 'everybody' | 'owner';
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** Largest header section, which is held in memory. @default 1 MiB */
  readonly maxHeaderBytes?: number | undefined;
  readonly drainMs?: number | undefined;
}

export interface LocalSubmissionDeps {
  /** Where messages go: a relay in this process, or a next hop. */
  readonly next: MailReceiver;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Submission for this host. */
export interface LocalSubmission extends Startable {
  /** For callers in this process. */
  readonly receiver: MailReceiver;
}

/** Makes it; nothing is opened before `start`. */
export function createLocalSubmission(
  options: LocalSubmissionOptions,
  deps: LocalSubmissionDeps,
): LocalSubmission {
  const receiver = createLocalReceiver(options, deps);
  const { access, domain, drainMs, hostname, limits, path } = options;
  if (path === undefined) {
    return { receiver, start: () => Promise.resolve(), stop: () => Promise.resolve() };
  }
  const listener = createListener(
    {
      protocol: 'smtp',
      listen: { path },
      hostname,
      postmasterDomain: domain,
      bareLineEndings: 'normalize',
      limits,
      drainMs,
    },
    { receiver, logger: deps.logger, clock: deps.clock },
  );
  return {
    receiver,
    async start() {
      await listener.start();
      await chmod(path, access === 'everybody' ? 0o666 : 0o600);
    },
    stop: () => listener.stop(),
  };
}

const DEFAULT_MAX_HEADER_BYTES = 1024 * 1024;

function createLocalReceiver(
  { domain, hostname, limits, maxHeaderBytes }: LocalSubmissionOptions,
  { clock, next }: LocalSubmissionDeps,
): MailReceiver {
  return {
    results: next.results,
    capabilities: () => {
      const theirs = next.capabilities();
      const maxSizeBytes = Math.min(
        theirs.maxSizeBytes ?? Infinity,
        limits?.maxMessageBytes ?? Infinity,
      );
      return Number.isFinite(maxSizeBytes) ? { ...theirs, maxSizeBytes } : theirs;
    },
    begin(reversePath, params, context, signal) {
      // From here on it is ours: nobody has to be asked whether he may relay.
      const local = { ...context, protocol: 'local' as const };
      const author =
        reversePath === NULL_PATH ? `postmaster@${domain}` : formatMailbox(reversePath);
      return new RepairingTransaction(next.begin(reversePath, params, local, signal), {
        maxHeaderBytes: maxHeaderBytes ?? DEFAULT_MAX_HEADER_BYTES,
        admitRecipient: () => undefined,
        header: (section) =>
          repairHeaderSection(section, {
            now: clock.now(),
            messageId: `<${newTransactionId(clock.now())}@${hostname}>`,
            author,
          }),
      });
    },
  };
}
