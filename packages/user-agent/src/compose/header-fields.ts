/**
 * The header fields of a draft that are no addresses, checked and made ready.
 *
 * What names another message is a Message-ID or a mistake; a field of the author's own
 * must be one line and must not be one that a draft has a place for, or that only the
 * way of a message may write.
 *
 * RFC 5322 §3.6.4, §3.6.8.
 */
import { randomUUID } from 'node:crypto';
import { parseMessageId } from '@posthouse/mail';
import type { Mailbox, MessageId } from '@posthouse/mail';
import type { Draft } from './draft.ts';
import type { DraftProblem } from './draft-error.ts';
import { canBeFolded, isOneLine, oneLine } from './one-line.ts';

/** The fields, ready to be written. */
export interface PlainFields {
  readonly subject: string;
  readonly messageId: MessageId;
  readonly inReplyTo: MessageId | undefined;
  readonly references: readonly MessageId[];
  readonly others: readonly { readonly key: string; readonly value: string }[];
}

const FIELD_NAME = /^[\u0021-\u0039\u003b-\u007e]{1,76}$/;
const RESERVED =
  /^(?:from|sender|reply-to|to|cc|bcc|subject|date|message-id|in-reply-to|references|mime-version|content-.*|resent-.*|received|return-path|delivered-to|dkim-signature|authentication-results|arc-.*)$/i;

/** Reads them; what is wrong is added to `problems`. */
export function readFields(
  draft: Draft,
  author: Mailbox | undefined,
  problems: DraftProblem[],
): PlainFields {
  const subject = oneLine(draft.subject ?? '');
  if (!canBeFolded(subject))
    problems.push({ place: 'subject', text: 'it has a word that is too long' });
  const id = (place: string, text: string): MessageId | undefined => {
    const found = parseMessageId(text.trim());
    // Without SMTPUTF8 a Message-ID is ASCII, and nobody chooses another one (RFC 6532 §3.3).
    if (found === undefined || !canBeFolded(found) || /[^\u0021-\u007e]/.test(found)) {
      const quoted = JSON.stringify(text);
      problems.push({
        place,
        text: `${quoted} is not a Message-ID: it should be like <1@example.com>`,
      });
    }
    return found;
  };
  const given = draft.messageId === undefined ? undefined : id('messageId', draft.messageId);
  return {
    subject,
    messageId: given ?? newMessageId(author),
    inReplyTo: draft.inReplyTo === undefined ? undefined : id('inReplyTo', draft.inReplyTo),
    references: (draft.references ?? []).flatMap((text) => id('references', text) ?? []),
    others: readOthers(draft, problems),
  };
}

function readOthers(draft: Draft, problems: DraftProblem[]): PlainFields['others'] {
  return (draft.fields ?? []).flatMap(({ name, value }, index) => {
    const place = `fields[${index}]`;
    if (!FIELD_NAME.test(name)) {
      problems.push({ place, text: `${JSON.stringify(name)} is not the name of a header field` });
    } else if (RESERVED.test(name)) {
      problems.push({ place, text: `${name} cannot be set as a field of one's own` });
    } else if (!isOneLine(value) || !canBeFolded(value)) {
      problems.push({
        place,
        text: `the value of ${name} must be one line without control characters`,
      });
    }
    return [{ key: name, value }];
  });
}

function newMessageId(author: Mailbox | undefined): MessageId {
  const domain =
    author === undefined || author.domain.startsWith('[') ? 'localhost' : author.domain;
  const id = parseMessageId(`<${randomUUID()}@${domain}>`);
  if (id === undefined) throw new TypeError(`no Message-ID in ${domain}`);
  return id;
}
