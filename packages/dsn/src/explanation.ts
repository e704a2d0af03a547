/**
 * What happened to a recipient and what the author can do, in words for people.
 *
 * Pure. What happened follows "was not delivered: "; the advice stands on its own.
 * The proof of a failure says most, then the enhanced status; the words for what
 * neither explains send the reader to the server's own words.
 *
 * RFC 3463 §3 (what the codes mean), RFC 7505 §4.1 (null MX), RFC 6531 (x.6.7).
 */
import { displayDomain } from '@posthouse/mail';
import type { Failed, ForwardPath } from '@posthouse/mail';

/** Two sentences, without their capital letter and full stop. */
export interface Explanation {
  readonly happened: string;
  readonly advice: string;
}

/** Explains a failure. */
export function explainFailure(failed: Failed, recipient: ForwardPath): Explanation {
  const domain = displayDomain(recipient.domain);
  return EXPLANATIONS[reasonOf(failed)](domain, failed.reply !== undefined);
}

type Reason =
  | 'no-such-mailbox'
  | 'no-such-domain'
  | 'takes-no-mail'
  | 'mailbox-disabled'
  | 'mailbox-full'
  | 'too-large'
  | 'loop'
  | 'expired'
  | 'not-international'
  | 'unsupported'
  | 'forbidden'
  | 'refused';

/** subject.detail of the enhanced status; a bare number stands for the whole subject. */
const BY_STATUS: Readonly<Record<string, Reason>> = {
  '1.1': 'no-such-mailbox',
  '1.2': 'no-such-domain',
  '1.6': 'no-such-mailbox',
  '1.10': 'takes-no-mail',
  '2.1': 'mailbox-disabled',
  '2.2': 'mailbox-full',
  '2.3': 'too-large',
  '3.4': 'too-large',
  '4.6': 'loop',
  '4.7': 'expired',
  '6.7': 'not-international',
  '6': 'unsupported',
  '7': 'forbidden',
};

function reasonOf(failed: Failed): Reason {
  const { subject, detail } = failed.status;
  const byStatus = BY_STATUS[`${subject}.${detail}`] ?? BY_STATUS[`${subject}`] ?? 'refused';
  switch (failed.proof) {
    case 'no-such-mailbox':
    case 'no-such-domain':
    case 'loop':
    case 'expired':
      return failed.proof;
    case 'null-mx':
      return 'takes-no-mail';
    case 'unsupported':
      return byStatus === 'refused' ? 'unsupported' : byStatus;
    case 'policy':
      return byStatus === 'refused' ? 'forbidden' : byStatus;
    case 'peer-reply':
    case 'syntax':
      return byStatus;
  }
}

const EXPLANATIONS: Readonly<Record<Reason, (domain: string, spoken: boolean) => Explanation>> = {
  'no-such-mailbox': (domain) => ({
    happened: `there is no such mailbox at ${domain}`,
    advice: 'check the address for typing mistakes, then send the message again',
  }),
  'no-such-domain': (domain) => ({
    happened: `the domain ${domain} does not exist`,
    advice: 'check the part of the address after the @, then send the message again',
  }),
  'takes-no-mail': (domain) => ({
    happened: `${domain} takes no mail at all`,
    advice: 'ask the recipient for another address',
  }),
  'mailbox-disabled': (domain) => ({
    happened: `the mailbox at ${domain} is closed`,
    advice: 'ask the recipient for another address',
  }),
  'mailbox-full': () => ({
    happened: 'the mailbox is full',
    advice: 'let the recipient know in another way, then send the message again',
  }),
  'too-large': (domain) => ({
    happened: `the message is larger than ${domain} takes`,
    advice: 'send less at once, or a link in place of what is attached',
  }),
  loop: (domain) => ({
    happened: 'it went round in a circle of mail servers',
    advice: `write to postmaster@${domain}; sending it again does not help before that is mended`,
  }),
  expired: (domain) => ({
    happened: `${domain} did not take it for as long as it was tried`,
    advice: 'check the address; if it is right, send the message again later',
  }),
  'not-international': (domain) => ({
    happened: `the mail server of ${domain} does not know international addresses`,
    advice: 'use addresses of plain Latin letters, for yourself as well',
  }),
  unsupported: (domain) => ({
    happened: `the mail server of ${domain} cannot take a message of this kind`,
    advice: 'send it in a simpler form, for example as plain text',
  }),
  forbidden: (domain, spoken) => ({
    happened: spoken
      ? `the rules of ${domain} forbid it`
      : 'the rules of this mail system forbid it',
    advice: 'read the reason below, change what it asks for, then send the message again',
  }),
  refused: (domain) => ({
    happened: `${domain} refused it`,
    advice: `read the reason below; if it does not help, write to postmaster@${domain}`,
  }),
};
