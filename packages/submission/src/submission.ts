/**
 * The submission agent: listeners that authors log in to, in front of a receiver that
 * checks and repairs what they send, in front of the next receiver.
 *
 * Stateless: a 250 follows the next receiver's. With STARTTLS (port 587's way) and with
 * TLS from the start (465's); without a certificate it does not start, because passwords
 * are taken under TLS only. Stopping tells idle clients at once and lets open
 * transactions end.
 *
 * RFC 6409, RFC 8314, RFC 4954.
 */
import { refuse, startInOrder, stopInReverse } from '@posthouse/mail';
import type { Clock, Domain, Identity, Logger, MailReceiver, Startable } from '@posthouse/mail';
import type { Directory } from '@posthouse/directory';
import { createListener } from '@posthouse/smtp';
import type {
  Credentials,
  ListenAddress,
  Listener,
  ListenerLimits,
  SessionFacts,
  TlsCertificate,
} from '@posthouse/smtp';
import { createAuthorReceiver } from './author-receiver.ts';
import { createSendingAllowance } from './limits.ts';
import type { SendingLimits } from './limits.ts';

export interface SubmissionOptions {
  readonly hostname: Domain;
  /** Whose postmaster is meant where no domain is named. @default the hostname's */
  readonly postmasterDomain?: Domain | undefined;
  /** With STARTTLS; absent: not. */
  readonly listen?: ListenAddress | undefined;
  /** With TLS from the start; absent: not. */
  readonly listenTls?: ListenAddress | undefined;
  readonly certificate: TlsCertificate;
  readonly limits?: Partial<ListenerLimits> | undefined;
  /** What each account may send in an hour. @default no limit */
  readonly sending?: SendingLimits | undefined;
  /** Largest header section, which is held in memory. @default 1 MiB */
  readonly maxHeaderBytes?: number | undefined;
  /** How long open transactions may take to end when the agent stops. @default 10 s */
  readonly drainMs?: number | undefined;
}

export interface SubmissionDeps {
  /** Where messages go: a relay in this process, or a next hop. */
  readonly next: MailReceiver;
  readonly directory: Pick<Directory, 'account' | 'authenticate' | 'owns'>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A running submission agent. */
export interface Submission extends Startable {
  /** After start; in the order STARTTLS, TLS, as far as they are set. */
  readonly addresses: { readonly startTls?: ListenAddress; readonly tls?: ListenAddress };
  /** Takes a new certificate for sessions to come; those that stand go on. */
  reloadTls(certificate: TlsCertificate): void;
}

const DEFAULT_MAX_MESSAGE_BYTES = 35_000_000;
const DEFAULT_MAX_RECIPIENTS = 1000;

/**
 * Makes a submission agent.
 * @throws TypeError for a certificate that cannot be used
 */
export function createSubmission(options: SubmissionOptions, deps: SubmissionDeps): Submission {
  const { limits = {} } = options;
  const receiver = createAuthorReceiver(
    {
      hostname: options.hostname,
      maxMessageBytes: limits.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      maxRecipients: limits.maxRecipients ?? DEFAULT_MAX_RECIPIENTS,
      maxHeaderBytes: options.maxHeaderBytes ?? 1024 * 1024,
    },
    { ...deps, allowance: createSendingAllowance(options.sending ?? {}) },
  );
  const listen = (mode: 'starttls' | 'implicit', address: ListenAddress | undefined) =>
    address && createAuthorListener(mode, address, options, { ...deps, next: receiver });
  const startTls = listen('starttls', options.listen);
  const tls = listen('implicit', options.listenTls);
  const listeners = [startTls, tls].filter((listener) => listener !== undefined);
  return {
    start: () => startInOrder(listeners),
    stop: () => stopInReverse(listeners),
    get addresses() {
      return {
        ...(startTls && { startTls: startTls.address }),
        ...(tls && { tls: tls.address }),
      };
    },
    reloadTls: (certificate) => {
      for (const listener of listeners) listener.reloadTls(certificate);
    },
  };
}

function createAuthorListener(
  mode: 'starttls' | 'implicit',
  listen: ListenAddress,
  options: SubmissionOptions,
  deps: SubmissionDeps,
): Listener {
  const authenticate = async (
    { mechanism, password, user }: Credentials,
    session: SessionFacts,
  ): Promise<Identity> => {
    const account = await deps.directory.authenticate(user, password, session.peer.address);
    if (account === undefined) throw refuse('credentials-invalid');
    return { account: account.name, mechanism };
  };
  return createListener(
    {
      protocol: 'smtp',
      listen,
      hostname: options.hostname,
      postmasterDomain: options.postmasterDomain,
      tls: { ...options.certificate, mode },
      requireTls: true,
      authentication: { required: true, mechanisms: ['PLAIN', 'LOGIN'] },
      // Programs that write bare LF are many, and here the author is known (RFC 6409 §8).
      bareLineEndings: 'normalize',
      limits: options.limits,
      drainMs: options.drainMs,
    },
    { receiver: deps.next, policy: { authenticate }, logger: deps.logger, clock: deps.clock },
  );
}
