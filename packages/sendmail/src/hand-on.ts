/**
 * Hands on what a spool keeps: one walk over it, a message at a time.
 *
 * What is taken goes away, what is refused for good is told to its author, the rest stays
 * for the next walk with the reason. A walk gives up where nobody answers, because the next
 * message would meet with the same. Files that are no messages are passed by, and told once a walk.
 */
import { isTaken, localContext } from '@posthouse/mail';
import type { Clock, Domain, Logger, RecipientOutcome, TransactionId } from '@posthouse/mail';
import type { Disk } from '@posthouse/durable-fs';
import type { Conveyor } from './conveyor.ts';
import { removeMessage, writeEnvelope } from './spool.ts';
import type { Spool } from './spool.ts';
import { listEnvelopes, listSpoolDirectories, readEntry, removeOrphans } from './spool-walk.ts';
import type { SpoolDirectory, SpoolEntry } from './spool-walk.ts';
import { lockDirectory } from './walk-lock.ts';
import type { WalkLock } from './walk-lock.ts';

/** What a walk is over, and where it leads. */
export interface Walk {
  /** The whole spool. */
  readonly directory: string;
  /** Whose messages; absent: everybody's. */
  readonly uid?: number | undefined;
  readonly hostname: Domain;
  /** Keeps notifications. */
  readonly spool: Spool;
  readonly conveyor: Conveyor;
  readonly signal: AbortSignal;
}

export interface WalkDeps {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a walk came to, in messages. */
export interface WalkResult {
  readonly taken: number;
  readonly refused: number;
  readonly kept: number;
}

/** The longest that one message may take; below what makes a lock stale. */
const MESSAGE_MS = 15 * 60_000;

/** Walks once. @throws DurableFsError */
export async function handOn(walk: Walk, deps: WalkDeps): Promise<WalkResult> {
  const result = { taken: 0, refused: 0, kept: 0 };
  for (const directory of await listSpoolDirectories(walk.directory)) {
    if (walk.uid !== undefined && directory.uid !== walk.uid) continue;
    const lock = await lockDirectory(directory.path, deps.clock.now());
    if (lock === undefined) continue;
    try {
      await removeOrphans(directory, deps.disk, deps.clock.now());
      await handOnDirectory({ directory, lock, walk, deps }, result);
    } finally {
      await lock.release();
    }
  }
  return result;
}

interface DirectoryWalk {
  readonly directory: SpoolDirectory;
  readonly lock: WalkLock;
  readonly walk: Walk;
  readonly deps: WalkDeps;
}

async function handOnDirectory(
  around: DirectoryWalk,
  result: { -readonly [K in keyof WalkResult]: WalkResult[K] },
): Promise<void> {
  const { deps, directory, lock, walk } = around;
  let isDown = false;
  for await (const id of listEnvelopes(directory, deps.disk)) {
    if (walk.signal.aborted) return;
    if (isDown) {
      result.kept++;
      continue;
    }
    await lock.touch(deps.clock.now());
    const entry = await readEntry(directory, id);
    const end = entry && (await handOnEntry(entry, around));
    if (end === undefined) continue;
    result[end.kind]++;
    isDown = end.kind === 'kept' && end.isDown;
  }
}

type EntryEnd =
  | { readonly kind: 'refused' | 'taken' }
  | {
      readonly kind: 'kept';
      /** The host is the trouble, and no message will fare better. */
      readonly isDown: boolean;
    };

async function handOnEntry(
  entry: SpoolEntry,
  { deps, directory, walk }: DirectoryWalk,
): Promise<EntryEnd | undefined> {
  const { clock, disk, logger } = deps;
  if (entry.kind === 'unreadable') {
    const { id, reason } = entry;
    logger.warn(
      { event: 'spooled-message-unreadable', directory: directory.path, id, reason },
      'A file in the sendmail spool is no message',
    );
    return undefined;
  }
  const { content, message } = entry;
  const signal = AbortSignal.any([walk.signal, AbortSignal.timeout(MESSAGE_MS)]);
  const handed = { ...message, content, context: localContext(clock.now()) };
  const outcomes = await walk.conveyor.convey(handed, signal);
  const end = judge(outcomes);
  if (end.failed.length > 0) {
    const fates = end.failed.flatMap((index) => {
      const [recipient, outcome] = [message.recipients[index], outcomes[index]];
      return recipient && outcome ? [{ ...recipient, outcome, lastAttemptAt: clock.now() }] : [];
    });
    const place = { hostname: walk.hostname, spool: walk.spool, now: clock.now() };
    const { notifyAuthor } = await import('./undeliverable.ts'); // as in send.ts
    await notifyAuthor({ message, content, fates }, place);
  }
  tell(logger, directory, message.id, outcomes);
  if (end.delayed.length === 0) {
    await removeMessage(disk, directory.path, message.id);
    return { kind: end.failed.length > 0 ? 'refused' : 'taken' };
  }
  if (end.delayed.length < outcomes.length) {
    const recipients = message.recipients.filter((_, index) => end.delayed.includes(index));
    await writeEnvelope(disk, directory.path, { ...message, recipients }, 0o640);
  }
  return { kind: 'kept', isDown: end.isDown };
}

/** Which recipients came to what, by their index. */
function judge(outcomes: readonly RecipientOutcome[]): {
  readonly delayed: readonly number[];
  readonly failed: readonly number[];
  readonly isDown: boolean;
} {
  const of = (kind: RecipientOutcome['kind']): readonly number[] =>
    outcomes.flatMap((outcome, index) => (outcome.kind === kind ? [index] : []));
  const isDown = outcomes.every((one) => one.kind === 'delayed' && one.scope === 'host');
  return { delayed: of('delayed'), failed: of('failed'), isDown };
}

function tell(
  logger: Logger,
  { uid }: SpoolDirectory,
  id: TransactionId,
  outcomes: readonly RecipientOutcome[],
): void {
  const taken = outcomes.filter(isTaken).length;
  const trouble = outcomes.find((outcome) => !isTaken(outcome));
  const reason = trouble !== undefined && 'reason' in trouble ? trouble.reason : undefined;
  logger.info(
    { event: 'spooled-message-tried', id, uid, taken, of: outcomes.length, reason },
    'Tried to hand on a message of the sendmail spool',
  );
}
