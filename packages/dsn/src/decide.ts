/**
 * Who is told of what: the rules of NOTIFY and of the null reverse-path.
 *
 * Pure. Recipients whose fate was decided at one time are told together, one
 * notification for each kind of news. A notification never causes another, except
 * that the postmaster, if one is named, hears of one that could not be delivered;
 * that such news could not be delivered is told to nobody.
 *
 * RFC 3461 §4.1 (NOTIFY), §5.2 (who issues what), §6.1; RFC 5321 §4.5.5, §6.1.
 */
import { NULL_PATH, mailboxKey } from '@posthouse/mail';
import type { Mailbox, Notify, NotifyEvent, ReversePath } from '@posthouse/mail';
import type { RecipientFate } from './fate.ts';

/** One report that is to be made. Plain data. */
export interface Notification {
  readonly kind: NotifyEvent;
  /** Whom it is for: the reverse-path, or the postmaster for a message that has none. */
  readonly to: Mailbox;
  readonly audience: 'author' | 'postmaster';
  /** The recipients it is about, at least one. */
  readonly fates: readonly RecipientFate[];
}

/** The rules that are a choice. */
export interface NotificationPolicy {
  /** Who hears of a notification that could not be delivered. @default nobody */
  readonly postmaster?: Mailbox | undefined;
}

/** RFC 3461 §4.1 leaves it to us whether delays are told unasked; authors expect it. */
const NOTIFY_UNASKED: Notify = ['failure', 'delay'];
const KINDS: readonly NotifyEvent[] = ['failure', 'delay', 'success'];

/**
 * Decides what is to be told. Give the fates that are news: a `delayed` one only when it is time
 * for a warning, and each only once.
 */
export function decideNotifications(
  message: { readonly reversePath: ReversePath },
  fates: readonly RecipientFate[],
  policy: NotificationPolicy = {},
): readonly Notification[] {
  const { reversePath } = message;
  if (reversePath === NULL_PATH) return forPostmaster(fates, policy.postmaster);
  return KINDS.flatMap((kind) => {
    const told = fates.filter((fate) => newsOf(fate) === kind && isWanted(fate, kind));
    return told.length === 0 ? [] : [{ kind, to: reversePath, audience: 'author', fates: told }];
  });
}

/** NOTIFY is the author's wish, and here there is no author: it does not count. */
function forPostmaster(
  fates: readonly RecipientFate[],
  postmaster: Mailbox | undefined,
): readonly Notification[] {
  if (postmaster === undefined) return [];
  const failed = fates.filter(
    (fate) => newsOf(fate) === 'failure' && mailboxKey(fate.forwardPath) !== mailboxKey(postmaster),
  );
  return failed.length === 0
    ? []
    : [{ kind: 'failure', to: postmaster, audience: 'postmaster', fates: failed }];
}

function isWanted(fate: RecipientFate, kind: NotifyEvent): boolean {
  const notify = fate.params.notify ?? NOTIFY_UNASKED;
  return notify !== 'never' && notify.includes(kind);
}

function newsOf(fate: RecipientFate): NotifyEvent | undefined {
  const { outcome } = fate;
  switch (outcome.kind) {
    case 'failed':
      return 'failure';
    case 'delayed':
      return 'delay';
    case 'delivered':
    case 'expanded':
      return 'success';
    case 'relayed':
      // A peer that took over the duty to notify reports success itself (RFC 3461 §5.2.2).
      return outcome.notifies ? undefined : 'success';
    case 'accepted':
      return undefined;
  }
}
