/**
 * Records into rows. What is only ever read back whole becomes JSON; what the database
 * compares or counts has a column. Bytes are copied, so that they can be handed over.
 */
import type { NewEvent } from '../event.ts';
import type { MessageRecord, RecipientRecord } from '../record.ts';
import { searchKeysOf } from '../rules/search-keys.ts';
import { recipientText, reversePathText } from '../rules/selection.ts';
import { PRIORITY_RANKS } from '../rules/priority-ranks.ts';
import { StoreError } from '../store.ts';
import type {
  ClaimRequest,
  Conclusion,
  LeasedKey,
  LoggedMessage,
  NewMessage,
  RecipientChange,
} from '../store.ts';
import type {
  ChangeRow,
  ClaimCall,
  EventRow,
  LeasedRow,
  LoggedMessageRow,
  NewMessageRow,
  RecipientRow,
  UnitRow,
} from './protocol.ts';

/** @throws StoreError where the content was not staged */
export function newMessageRow(incoming: NewMessage): NewMessageRow {
  const { message, recipients } = incoming;
  const { id, reversePath, params, origin, content, messageId, tlsOptional } = message;
  if (content.kind === 'kept') {
    throw new StoreError('unavailable', `the content of ${id} was not staged here`);
  }
  return {
    rank: PRIORITY_RANKS[message.priority],
    acceptedAt: message.acceptedAt,
    sizeBytes: message.sizeBytes,
    digest: content.kind === 'adopted' ? content.digest : null,
    reversePath: reversePathText(message),
    head: JSON.stringify({ reversePath, params, origin, messageId, tlsOptional } satisfies Head),
    prefix: copyOf(message.prefix),
    file: content.kind === 'adopted' ? content.name : null,
    content: content.kind === 'inline' ? copyOf(content.bytes) : null,
    recipients: recipients.map(recipientRow),
    ...loggedMessageRow(incoming),
  };
}

export function loggedMessageRow(logged: LoggedMessage): LoggedMessageRow {
  return {
    id: logged.message.id,
    events: logged.events.map(eventRow),
    keys: [...searchKeysOf(logged)],
  };
}

/** What a row's `head` holds. */
export type Head = Pick<MessageRecord, 'reversePath' | 'params' | 'origin'> & {
  readonly messageId: MessageRecord['messageId'] | undefined;
  readonly tlsOptional: MessageRecord['tlsOptional'] | undefined;
};

/** What a recipient row's `path` holds. */
export type Path = Pick<RecipientRecord, 'forwardPath' | 'params'>;

/** What a recipient row's `last` holds. */
export type Last = Pick<RecipientRecord, 'delayTold' | 'lastReason' | 'lastReply'>;

type Ended = { readonly [Name in keyof Last]: Last[Name] | undefined };

export function eventRow(event: NewEvent): EventRow {
  const { message, at, ...rest } = event;
  return { message, at, body: JSON.stringify(rest) };
}

export function unitRow(unit: Conclusion): UnitRow {
  return {
    changes: unit.changes.map(changeRow),
    events: unit.events.map(eventRow),
    messages: unit.messages.map(newMessageRow),
  };
}

/** What a claim asks for, and nothing else that its request may carry along. */
export function claimCall(request: ClaimRequest): ClaimCall {
  return {
    owner: request.owner,
    now: request.now,
    leaseUntil: request.leaseUntil,
    limit: request.limit,
    perLaneLimit: request.perLaneLimit,
    excludeLanes: request.excludeLanes,
    excludeSites: request.excludeSites,
    ...(request.onlyLanes === undefined ? {} : { onlyLanes: request.onlyLanes }),
  };
}

/** A lease's key, and nothing else of the record that it may be. */
export function leasedRow({ message, index, token }: LeasedKey): LeasedRow {
  return { message, index, token };
}

export function lastText(last: Ended): string {
  const { delayTold, lastReason, lastReply } = last;
  return JSON.stringify({ delayTold, lastReason, lastReply });
}

function recipientRow(recipient: RecipientRecord): RecipientRow {
  const { index, forwardPath, params, lane, site, dueAt, attempts, lease } = recipient;
  return {
    index,
    lane,
    site,
    dueAt,
    held: recipient.state === 'held' ? 1 : 0,
    attempts,
    token: lease?.token ?? 0,
    lease:
      lease === undefined
        ? null
        : { owner: lease.owner, until: lease.until, begun: lease.begun ? 1 : 0 },
    address: recipientText(recipient),
    domain: forwardPath.domain,
    path: JSON.stringify({ forwardPath, params } satisfies Path),
    last: lastText(recipient),
  };
}

function changeRow(change: RecipientChange): ChangeRow {
  const { message, index, token } = change;
  if (change.kind === 'done') return { message, index, token, kind: 'done' };
  const { dueAt, lane, site, counts } = change;
  return {
    message,
    index,
    token,
    kind: 'again',
    dueAt,
    lane,
    site,
    counts,
    last: lastText(change),
  };
}

/** A view may be of a large pool, all of which would be sent along. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
