/**
 * What a message can be found by in the event log: its Message-ID and every address
 * that had a part in it. Pure.
 */
import { formatMailbox, NULL_PATH } from '@posthouse/mail';
import type { LoggedMessage } from '../store.ts';

/** One form for all spellings: no angle brackets, no outer space, lower case. */
export function searchKey(text: string): string {
  const trimmed = text.trim();
  const inner = trimmed.startsWith('<') && trimmed.endsWith('>') ? trimmed.slice(1, -1) : trimmed;
  return inner.toLowerCase();
}

/** The keys under which a message's events are found. */
export function searchKeysOf({ message, recipients }: LoggedMessage): ReadonlySet<string> {
  const keys = new Set<string>();
  if (message.messageId !== undefined) keys.add(searchKey(message.messageId));
  if (message.reversePath !== NULL_PATH) keys.add(searchKey(formatMailbox(message.reversePath)));
  for (const { forwardPath, params } of recipients) {
    keys.add(searchKey(formatMailbox(forwardPath)));
    if (params.orcpt !== undefined) keys.add(searchKey(params.orcpt.address));
  }
  return keys;
}
