/**
 * Which addresses an account may write from. Pure decisions; the directory knows who owns what.
 *
 * The reverse-path must belong to the account, or be null (a notification). Every address
 * of the one From field must belong to it, so that nobody can write in another's name; the
 * same goes for Sender where there is one. Of a message that was sent on, the last who did
 * so is the account, too: its fields stand first (Resent-From, Resent-Sender).
 *
 * RFC 6409 §6.1 (enforced submission rights), RFC 5322 §3.6.2, §3.6.6.
 */
import { displayMailbox, fieldValue, NULL_PATH, readAddresses, refuse } from '@posthouse/mail';
import type { HeaderField, MailError, Mailbox, ReversePath } from '@posthouse/mail';

/** Whether an address belongs to the account that logged in. */
export type Owns = (address: Mailbox) => boolean;

/** The refusal of a reverse-path; `undefined`: it may be used. */
export function refuseReversePath(reversePath: ReversePath, owns: Owns): MailError | undefined {
  if (reversePath === NULL_PATH || owns(reversePath)) return undefined;
  return notYours(reversePath, 'The envelope sender');
}

/** Fields that name an author, and how they are written. */
const NAMES: Readonly<Record<string, string>> = {
  from: 'From',
  sender: 'Sender',
  'resent-from': 'Resent-From',
  'resent-sender': 'Resent-Sender',
};

/**
 * The refusal of a message's From, Sender, Resent-From and Resent-Sender fields; `undefined`:
 * they may stand. A missing From is no offence.
 */
export function refuseAuthors(fields: readonly HeaderField[], owns: Owns): MailError | undefined {
  const from = fields.filter((field) => field.name === 'from');
  const sender = fields.filter((field) => field.name === 'sender');
  if (from.length > 1 || sender.length > 1) {
    return refuse('message-malformed', { text: 'Message has more than one From or Sender field' });
  }
  const resent = ['resent-from', 'resent-sender'].flatMap(
    (name) => fields.find((field) => field.name === name) ?? [],
  );
  for (const field of [...from, ...sender, ...resent]) {
    const name = NAMES[field.name] ?? field.name;
    const addresses = readAddresses(fieldValue(field));
    if (addresses === undefined || addresses.length === 0) {
      return refuse('message-malformed', {
        text: `The ${name} field holds no address that can be read`,
      });
    }
    const foreign = addresses.find((address) => !owns(address));
    if (foreign !== undefined) return notYours(foreign, `The ${name} field`);
  }
  return undefined;
}

function notYours(address: Mailbox, where: string): MailError {
  return refuse('not-your-address', {
    text: `${where} names ${displayMailbox(address)}, which does not belong to your account`,
    fields: { address: displayMailbox(address) },
  });
}
