/**
 * The receiver that stands for the submission agent's duties: it takes what an author
 * sends, checks that the author may say so, repairs the header section and hands on.
 *
 * It holds nothing: its answers are the next receiver's answers, so its 250 follows the
 * next one's, and a refusal reaches the author in the next one's own words. Policy comes
 * first: nothing of a refused message reaches the next receiver.
 *
 * RFC 6409.
 */
import { formatMailbox, NULL_PATH, newTransactionId, refuse } from '@posthouse/mail';
import type {
  Clock,
  HeaderSection,
  MailError,
  MailParams,
  MailReceiver,
  MailTransaction,
  ReceiverCapabilities,
  ReversePath,
} from '@posthouse/mail';
import type { Account, Directory } from '@posthouse/directory';
import { refuseAuthors, refuseReversePath } from './authorization.ts';
import type { Owns } from './authorization.ts';
import type { SendingAllowance } from './limits.ts';
import { repairHeaderSection } from './repair.ts';
import { RepairingTransaction } from './repairing-transaction.ts';

export interface AuthorReceiverOptions {
  /** Right side of the Message-IDs that we add. */
  readonly hostname: string;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  readonly maxHeaderBytes: number;
}

export interface AuthorReceiverDeps {
  /** Where the messages go: a relay in this process, or a next hop. */
  readonly next: MailReceiver;
  readonly directory: Pick<Directory, 'account' | 'owns'>;
  readonly allowance: SendingAllowance;
  readonly clock: Clock;
}

/** Puts the submission agent's policy in front of a receiver. */
export function createAuthorReceiver(
  options: AuthorReceiverOptions,
  deps: AuthorReceiverDeps,
): MailReceiver {
  return {
    results: deps.next.results,
    capabilities: () => tighter(deps.next.capabilities(), options),
    begin(reversePath, params, context, signal) {
      const account =
        context.identity === undefined
          ? undefined
          : deps.directory.account(context.identity.account);
      if (account === undefined) return refused(refuse('authentication-required'), deps.clock);
      const owns: Owns = (address) => deps.directory.owns(account, address);
      const refusal = refuseReversePath(reversePath, owns);
      if (refusal !== undefined) return refused(refusal, deps.clock);
      if (!deps.allowance.takeMessage(account.name, deps.clock.now())) {
        return refused(refuse('rate-limited'), deps.clock);
      }
      const next = deps.next.begin(reversePath, authored(params, account), context, signal);
      return new RepairingTransaction(next, {
        maxHeaderBytes: options.maxHeaderBytes,
        admitRecipient() {
          if (deps.allowance.takeRecipient(account.name, deps.clock.now())) return;
          throw refuse('rate-limited');
        },
        header: (section) => repair(section, { options, deps, account, owns, reversePath }),
      });
    },
  };
}

interface Authorship {
  readonly options: AuthorReceiverOptions;
  readonly deps: AuthorReceiverDeps;
  readonly account: Account;
  readonly owns: Owns;
  readonly reversePath: ReversePath;
}

function repair(
  section: HeaderSection,
  { account, deps, options, owns, reversePath }: Authorship,
): Buffer {
  const refusal = refuseAuthors(section.fields, owns);
  if (refusal !== undefined) throw refusal;
  const now = deps.clock.now();
  const author = reversePath === NULL_PATH ? account.mailbox : reversePath;
  return repairHeaderSection(section, {
    now,
    messageId: `<${newTransactionId(now)}@${options.hostname}>`,
    author: formatMailbox(author),
  });
}

/** The AUTH parameter of a next hop tells who submitted (RFC 4954 §5); what the client claimed is not passed on. */
function authored(params: MailParams, account: Account): MailParams {
  return { ...params, auth: account.mailbox };
}

function tighter(next: ReceiverCapabilities, options: AuthorReceiverOptions): ReceiverCapabilities {
  return {
    ...next,
    maxSizeBytes: Math.min(next.maxSizeBytes ?? Infinity, options.maxMessageBytes),
    maxRecipients: Math.min(next.maxRecipients ?? Infinity, options.maxRecipients),
  };
}

/** A transaction that was refused before it reached anybody. */
function refused(refusal: MailError, clock: Clock): MailTransaction {
  const opened = Promise.reject(refusal);
  opened.catch(() => undefined); // the caller may look later, or only abort
  return {
    id: newTransactionId(clock.now()),
    opened,
    recipient: () => Promise.reject(refusal),
    stage: () => ({ write: () => Promise.reject(refusal), end: () => Promise.reject(refusal) }),
    commit: () => Promise.reject(refusal),
    abort: () => Promise.resolve(),
  };
}
