/**
 * MailboxDelivery: puts one recipient's copy into his mailbox, and says what became of it.
 *
 * Checks what only the content tells (a loop, the room it needs), finds the folder, writes
 * the trace fields of final delivery and hands over to the Maildir, exactly once where the
 * copy has a delivery id. The outcome is always a value: a fault of the disk is `delayed`.
 * RFC 5321 §4.4 (Return-Path), RFC 9228 (Delivered-To).
 */
import type { AccountMatch } from '@posthouse/directory';
import type { Disk } from '@posthouse/durable-fs';
import {
  deliveredToField,
  enhancedStatus,
  formatFields,
  formatMailbox,
  formatPath,
  outcomeOfError,
  refuse,
  returnPathField,
} from '@posthouse/mail';
import type {
  ForwardPath,
  Logger,
  RecipientOutcome,
  ReversePath,
  TransactionId,
  TransferContext,
} from '@posthouse/mail';
import type { StagedContent } from './content-stage.ts';
import { deliveryKey } from './ledger/delivery-key.ts';
import type { OnceResult } from './ledger/copy.ts';
import type { Once } from './ledger/once.ts';
import { deliveredBefore, isLoop } from './loop.ts';
import { findFolder, maildirPath } from './maildir/folders.ts';
import { toNewlines } from './maildir/line-ends.ts';
import type { DeliveryObserver, MaildirWriter, NewMessage } from './maildir/writer.ts';
import type { QuotaBook } from './quota/quota-book.ts';
import { refusalOfFault } from './trouble.ts';

/** A message that is complete. */
export interface CompleteMessage {
  readonly id: TransactionId;
  readonly reversePath: ReversePath;
  readonly context: TransferContext;
  /** Header fields added in front of the content. */
  readonly prefix: Uint8Array;
  readonly content: StagedContent;
}

/** One recipient. */
export interface CopyRecipient {
  readonly forwardPath: ForwardPath;
  readonly match: AccountMatch;
  /** 0 for the first recipient of this address in the transaction, 1 for the next ... */
  readonly occurrence: number;
}

export interface MailboxDeliveryDeps {
  readonly mailDirectory: string;
  readonly disk: Disk;
  readonly logger: Logger;
  readonly writer: MaildirWriter;
  readonly quota: QuotaBook;
  readonly once: Once;
}

export interface MailboxDelivery {
  /** Never rejects. */
  deliver(message: CompleteMessage, recipient: CopyRecipient): Promise<RecipientOutcome>;
}

const DELIVERED: RecipientOutcome = Object.freeze({
  kind: 'delivered',
  status: enhancedStatus(2, 0, 0),
});

export function createMailboxDelivery(deps: MailboxDeliveryDeps): MailboxDelivery {
  return {
    async deliver(message, recipient) {
      const facts = {
        id: message.id,
        traceId: message.context.traceId,
        reversePath: formatPath(message.reversePath),
        recipient: formatMailbox(recipient.forwardPath),
        account: recipient.match.account.name,
      };
      try {
        const { path, repeated } = await put(message, recipient, deps);
        const event = repeated ? 'delivered-before' : 'delivered';
        const text = repeated ? 'an earlier attempt had delivered it' : 'delivered';
        deps.logger.info({ event, ...facts, ...(path === undefined ? {} : { path }) }, text);
        return DELIVERED;
      } catch (error) {
        const refusal = refusalOfFault(error);
        const outcome = outcomeOfError(refusal);
        const event = outcome.kind === 'failed' ? 'delivery-failed' : 'delivery-delayed';
        const fields = { event, ...facts, code: refusal.code, err: refusal.cause };
        deps.logger.warn(fields, refusal.message);
        return outcome;
      }
    },
  };
}

async function put(
  message: CompleteMessage,
  recipient: CopyRecipient,
  deps: MailboxDeliveryDeps,
): Promise<OnceResult> {
  const { content, context } = message;
  const { forwardPath, occurrence, match } = recipient;
  if (isLoop(deliveredBefore(content.opening), forwardPath)) throw refuse('delivered-to-loop');
  const copy = { head: headOf(message, forwardPath), content: content.stored };
  const maildir = maildirPath(deps.mailDirectory, match.account.mailbox);
  const { delivery } = context;
  if (delivery === undefined || content.digests === undefined) {
    return { repeated: false, path: await publish(copy, { maildir, match }, deps) };
  }
  const { id, repeat } = delivery;
  const { digest, former } = content.digests;
  const facts = { id, recipient: forwardPath, occurrence, digest };
  const key = deliveryKey(facts);
  const formerKey = former === undefined ? undefined : deliveryKey({ ...facts, digest: former });
  return deps.once.deliver({ key, formerKey, maildir, repeat }, (observer) =>
    publish({ ...copy, key }, { maildir, match, observer }, deps),
  );
}

interface Destination {
  readonly maildir: string;
  readonly match: AccountMatch;
  readonly observer?: DeliveryObserver;
}

async function publish(
  copy: NewMessage,
  { maildir, match, observer }: Destination,
  { disk, quota, writer }: MailboxDeliveryDeps,
): Promise<string> {
  const { quotaBytes } = match.account;
  const room =
    quotaBytes === undefined
      ? undefined
      : await quota.reserve({ maildir, quotaBytes }, storedBytes(copy));
  try {
    const { detail } = match;
    const folder = detail === undefined ? undefined : await findFolder(disk, maildir, detail);
    const path = await writer.deliver(folder ?? maildir, copy, observer);
    if (room !== undefined) await room.use();
    return path;
  } catch (error) {
    room?.release();
    throw error;
  }
}

/** The size of the file that it becomes. */
function storedBytes(copy: NewMessage): number {
  return toNewlines(copy.head).byteLength + copy.content.sizeBytes;
}

/** What final delivery adds, in front of what came with the message. */
function headOf(message: CompleteMessage, forwardPath: ForwardPath): Buffer {
  const trace = [returnPathField(message.reversePath), deliveredToField(forwardPath)];
  return Buffer.concat([formatFields(trace), message.prefix]);
}
