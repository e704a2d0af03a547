/**
 * Recipients that make a chosen thing happen, so that a program's handling of failure can be
 * tried: `reject-550@fail.posthouse.test` is refused with 550. Pure.
 *
 * The local-part says what, and at which step; docs/local-development.md lists them. The
 * domain is reserved (RFC 2606 §2), and the recipients mean something only where a stack was
 * told to catch all.
 */
import { createReply, parseDomain, parseStatus, peerRefusal, refuse } from '@posthouse/mail';
import type { Domain, MailError, Mailbox } from '@posthouse/mail';

/** Where it happens: at RCPT, at the end of the data, or after the message was queued. */
export type RehearsedStep = 'data' | 'queue' | 'recipient';

export type RehearsedOutcome =
  | { readonly kind: 'refused'; readonly step: RehearsedStep; readonly refusal: MailError }
  | { readonly kind: 'slow'; readonly step: RehearsedStep; readonly waitMs: number }
  /** Refused the first time, as greylisting does. */
  | { readonly kind: 'greylisted'; readonly step: 'recipient'; readonly refusal: MailError };

const DOMAIN = 'fail.posthouse.test';
/** Longer than any client waits for RCPT (RFC 5321 §4.5.3.2.3). */
const MAX_WAIT_S = 600;

const STATUSES: Readonly<Record<string, readonly [status: string, text: string]>> = {
  '421': ['4.3.2', 'Service not available'],
  '450': ['4.2.0', 'Mailbox unavailable'],
  '451': ['4.3.0', 'Local error in processing'],
  '452': ['4.3.1', 'Insufficient system storage'],
  '550': ['5.1.1', 'No such mailbox'],
  '551': ['5.1.6', 'Mailbox has moved'],
  '552': ['5.2.2', 'Mailbox is full for good'],
  '553': ['5.1.3', 'Mailbox name not allowed'],
  '554': ['5.7.1', 'Transaction failed'],
  '556': ['5.1.10', 'Domain takes no mail'],
};

/** The domain of these recipients. */
const REHEARSAL_DOMAIN: Domain = reserved();

/** What becomes of a recipient; `undefined` for one of another domain. @throws never */
export function rehearsedOutcome({ domain, localPart }: Mailbox): RehearsedOutcome | undefined {
  if (domain !== REHEARSAL_DOMAIN) return undefined;
  const [, what = '', where] =
    /^(.*?)(?:-(at-data|in-queue))?$/s.exec(localPart.toLowerCase()) ?? [];
  const step = where === 'at-data' ? 'data' : where === 'in-queue' ? 'queue' : 'recipient';
  if (what === 'full') return refused(step, refuse('mailbox-full'));
  if (what === 'close') return refused(step, refuse('shutting-down'));
  if (what === 'greylist' && step === 'recipient') {
    return { kind: 'greylisted', step, refusal: saying('450', '4.7.1', 'Greylisted, try again') };
  }
  const seconds = Number(/^slow-(\d{1,3})s$/.exec(what)?.[1] ?? -1);
  if (seconds >= 0 && seconds <= MAX_WAIT_S) return { kind: 'slow', step, waitMs: seconds * 1000 };
  const [, verb, code = ''] = /^(reject|defer)-(\d{3})$/.exec(what) ?? [];
  const known = STATUSES[code];
  const fits = (verb === 'reject') === code.startsWith('5');
  if (known !== undefined && fits) {
    // Too large is what 552 says of data (RFC 5321 §4.2.3).
    const isSize = code === '552' && step === 'data';
    const [status, text] = isSize ? ['5.3.4', 'Message is too large'] : known;
    return refused(step, saying(code, status, text));
  }
  const text = `No outcome is called ${JSON.stringify(localPart)}: docs/local-development.md lists them`;
  return refused('recipient', refuse('no-such-mailbox', { text }));
}

function refused(step: RehearsedStep, refusal: MailError): RehearsedOutcome {
  return { kind: 'refused', step, refusal };
}

/** As if another host had said it, so that its words stand in events and notifications. */
function saying(code: string, status: string, text: string): MailError {
  const reply = createReply(Number(code), parseStatus(status), `${text} (rehearsed)`);
  return peerRefusal(reply, { host: { name: DOMAIN }, scope: 'recipient' });
}

function reserved(): Domain {
  const domain = parseDomain(DOMAIN);
  if (domain === undefined) throw new TypeError(`${DOMAIN} is no domain`);
  return domain;
}
