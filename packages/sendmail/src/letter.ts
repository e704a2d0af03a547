/**
 * From what a caller typed and piped to a message with its envelope.
 *
 * The header section is held in memory up to a limit, the rest flows on. Wrong use and
 * what cannot be read end with a SendmailError that says what is missing.
 */
import {
  createHeaderGate,
  createMailbox,
  MailError,
  mailboxKey,
  NULL_PATH,
  needsSmtpUtf8,
  newTransactionId,
  readLocalAddresses,
} from '@posthouse/mail';
import type { Domain, MailParams, Mailbox, RcptParams, ReversePath } from '@posthouse/mail';
import { canonicalLines } from './canonical-lines.ts';
import type { Caller } from './caller.ts';
import type { SendCall } from './command-line.ts';
import { completeHeader } from './complete-header.ts';
import { SendmailError } from './exit.ts';
import type { HeldContent } from './held-content.ts';
import type { SpooledMessage } from './spooled-message.ts';
import type { Spool } from './spool.ts';

/** A message that was read whole. */
export interface Letter {
  readonly message: SpooledMessage;
  readonly content: HeldContent;
}

export interface LetterFacts {
  readonly caller: Caller;
  readonly hostname: Domain;
  readonly domain: Domain;
  readonly now: number;
}

const MAX_HEADER_BYTES = 1024 * 1024;

/** Reads a message from the caller. @throws SendmailError `usage`, `data`; DurableFsError */
export async function readLetter(
  source: AsyncIterable<Uint8Array>,
  call: SendCall,
  facts: LetterFacts,
  spool: Spool,
): Promise<Letter> {
  const named = namedRecipients(call, facts.domain);
  if (named.length === 0 && !call.readsRecipients) {
    throw new SendmailError(
      'usage',
      'No recipients: name them, or give -t to have To, Cc and Bcc read',
    );
  }
  const reversePath = reversePathOf(call, facts);
  const id = newTransactionId(facts.now);
  const content = spool.hold(id);
  let found: readonly Mailbox[] = [];
  const gate = createHeaderGate(content, MAX_HEADER_BYTES, (section) => {
    const header = completeHeader(section, {
      ...facts,
      ids: [id, newTransactionId(facts.now)],
      author: reversePath === NULL_PATH ? ownAddress(facts) : reversePath,
      fullName: call.fullName ?? facts.caller.fullName,
    });
    if (call.readsRecipients) found = readable(header);
    return header.octets;
  });
  const lines = canonicalLines(source, { endsAtDot: !call.ignoresDots });
  try {
    for await (const piece of lines) await gate.write(piece);
    await gate.end();
    const recipients = unique([...named, ...found]);
    if (recipients.length === 0)
      throw new SendmailError('usage', 'No field of the message names a recipient');
    const params = paramsOf(call, recipients, reversePath, content.isAscii);
    const wishes: RcptParams = call.notify === undefined ? {} : { notify: call.notify };
    const people = recipients.map((forwardPath) => ({ forwardPath, params: wishes }));
    const message = { id, reversePath, params, recipients: people, takenAt: facts.now };
    return { message, content };
  } catch (error) {
    await content.discard();
    // Such a message is never taken, and the caller should not try again.
    if (error instanceof MailError) throw new SendmailError('data', error.message, error);
    throw error;
  }
}

function readable({
  recipients,
  unreadable,
}: {
  readonly recipients: readonly Mailbox[];
  readonly unreadable?: string;
}): readonly Mailbox[] {
  if (unreadable === undefined) return recipients;
  throw new SendmailError('data', `No addresses can be read in ${JSON.stringify(unreadable)}`);
}

function namedRecipients(call: SendCall, domain: Domain): readonly Mailbox[] {
  return call.recipients.flatMap((text) => {
    const addresses = readLocalAddresses(text, domain);
    if (addresses !== undefined) return addresses;
    throw new SendmailError('usage', `${JSON.stringify(text)} is no address`);
  });
}

/** `-f`, else the caller. Who asks for the null path gets it. */
function reversePathOf({ author }: SendCall, facts: LetterFacts): ReversePath {
  if (author === undefined) return ownAddress(facts);
  if (author === '' || author === '<>') return NULL_PATH;
  const [mailbox, ...more] = readLocalAddresses(author, facts.domain) ?? [];
  if (mailbox !== undefined && more.length === 0) return mailbox;
  throw new SendmailError('usage', `-f ${JSON.stringify(author)} is no address`);
}

function ownAddress({ caller, domain }: LetterFacts): Mailbox {
  const mailbox = createMailbox(caller.user, domain);
  if (mailbox !== undefined) return mailbox;
  throw new SendmailError('usage', `The user ${caller.user} has no address: give one with -f`);
}

/** The first of those that are one mailbox. */
function unique(recipients: readonly Mailbox[]): readonly Mailbox[] {
  const first = new Map<string, Mailbox>();
  for (const one of recipients) if (!first.has(mailboxKey(one))) first.set(mailboxKey(one), one);
  return [...first.values()];
}

function paramsOf(
  call: SendCall,
  recipients: readonly Mailbox[],
  reversePath: ReversePath,
  isAscii: boolean,
): MailParams {
  const everybody = reversePath === NULL_PATH ? recipients : [...recipients, reversePath];
  const body = isAscii ? call.body : '8BITMIME';
  return {
    ...(body === undefined ? {} : { body }),
    ...(everybody.some(needsSmtpUtf8) ? { smtpUtf8: true as const } : {}),
    ...(call.ret === undefined ? {} : { ret: call.ret }),
    ...(call.envid === undefined ? {} : { envid: call.envid }),
  };
}
