/**
 * Makes a message of a draft: MIME by nodemailer, addresses by our own rules.
 *
 * The result is the same octets however often it is read, with canonical CRLF, and its
 * envelope is derived: Bcc stands there and nowhere else. No path is opened and no URL
 * fetched, whatever the draft says. A large message is built again for each reading, from
 * attachments that are read as they are needed: it is never in memory whole.
 *
 * RFC 5322, RFC 2045 to 2049, RFC 6532.
 */
import { formatMailbox, needsSmtpUtf8 } from '@posthouse/mail';
import type { ForwardPath, MailContent, MailParams, MessageId, ReversePath } from '@posthouse/mail';
import type { MailComposerOptions } from 'nodemailer/lib/mail-composer';
import type { NamedMailbox } from './addresses.ts';
import { toComposerAttachment } from './attachments.ts';
import { buildContent } from './built-content.ts';
import type { Draft } from './draft.ts';
import { readDraft } from './written-draft.ts';
import type { WrittenDraft } from './written-draft.ts';

/** A message with its envelope, ready to be submitted. */
export interface ComposedMessage {
  readonly reversePath: ReversePath;
  /** To, Cc and Bcc, each address once. */
  readonly recipients: readonly ForwardPath[];
  readonly params: MailParams;
  readonly messageId: MessageId;
  readonly content: MailContent;
}

/** Composes. @throws DraftError with every mistake in the draft; what an attachment's source throws */
export async function compose(draft: Draft): Promise<ComposedMessage> {
  const written = await readDraft(draft);
  const { from, sender, replyTo, to, cc, bcc } = written;
  const recipients = eachOnce([...to, ...cc, ...bcc]);
  const named = [
    ...recipients,
    ...eachOnce([from, ...replyTo, ...(sender === undefined ? [] : [sender])]),
  ];
  const content = await buildContent(() => build(written));
  return {
    reversePath: written.reversePath,
    recipients,
    params: {
      sizeBytes: content.sizeBytes,
      // UTF-8 in header fields is 8-bit content too (RFC 6531 §3.6).
      ...(named.some(needsSmtpUtf8) ? { smtpUtf8: true, body: '8BITMIME' } : {}),
    },
    messageId: written.fields.messageId,
    content,
  };
}

function eachOnce(mailboxes: readonly NamedMailbox[]): readonly ForwardPath[] {
  const found = new Map(mailboxes.map(({ mailbox }) => [formatMailbox(mailbox), mailbox]));
  return [...found.values()];
}

async function build(written: WrittenDraft): Promise<AsyncIterable<Uint8Array>> {
  // Loaded when it is needed: reading mail and looking up a provider do without it.
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const { fields, sender } = written;
  const options: MailComposerOptions = {
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: 'win',
    baseBoundary: written.boundary,
    from: composerAddress(written.from),
    ...(sender === undefined ? {} : { sender: composerAddress(sender) }),
    replyTo: written.replyTo.map(composerAddress),
    to: written.to.map(composerAddress),
    cc: written.cc.map(composerAddress),
    subject: fields.subject,
    messageId: fields.messageId,
    date: written.date,
    inReplyTo: fields.inReplyTo,
    references: [...fields.references],
    headers: fields.others.map((field) => ({ ...field })),
    text: written.text,
    html: written.html,
    attachments: written.attachments.map(toComposerAttachment),
  };
  return new MailComposer(options).compile().createReadStream();
}

/** A new object each time: nodemailer writes into what it is given. */
function composerAddress({ name, mailbox }: NamedMailbox): { name: string; address: string } {
  return { name, address: formatMailbox(mailbox) };
}
