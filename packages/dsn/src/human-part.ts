/**
 * The part for people: the subject, and a text whose first two lines say what
 * happened and what to do.
 *
 * Peers' words are quoted exactly. A long list of recipients is cut here; the
 * delivery-status part has them all.
 *
 * RFC 3464 §2 (first part), RFC 3461 §6 (readable by the author).
 */
import {
  displayMailbox,
  fieldValues,
  formatReply,
  formatDateTime,
  formatStatus,
  parseMailbox,
  readHeaderSection,
} from '@posthouse/mail';
import type { RemoteHost } from '@posthouse/mail';
import type { RecipientFate } from './fate.ts';
import { decodeWords } from './encoded-words.ts';
import { explainFailure } from './explanation.ts';
import type { DsnReport } from './report.ts';
import { decodeUtf8Address } from './utf8-address.ts';

const MAX_LISTED = 100;
const MAX_NAMED = 3;
const SUBJECT_START = /^.{0,120}/u;

/** The Subject field's value, decoded. */
export function subjectOf(report: DsnReport): string {
  const { kind, audience, fates } = report.notification;
  const words = { failure: 'Not delivered', delay: 'Delayed', success: 'Delivered' }[kind];
  const about = originalSubject(report) ?? `your message to ${nameRecipients(fates)}`;
  return audience === 'author' ? `${words}: ${about}` : `${words}, and without an author: ${about}`;
}

/** The text, lines ending in CRLF. */
export function humanText(report: DsnReport): string {
  const { fates } = report.notification;
  const listed = fates.slice(0, MAX_LISTED);
  const more = fates.length - listed.length;
  return [
    ...firstLines(report),
    '',
    ...listed.flatMap((fate) => [...recipientLines(fate, fates.length > 1), '']),
    ...(more > 0 ? [`... and ${more} more; the attached delivery status lists them all.`, ''] : []),
    ...messageLines(report),
    '',
    `This is an automatic report of the mail system at ${report.reportingMta}.`,
    `Questions go to postmaster@${report.reportingMta}; the queue id helps to find the message.`,
    '',
  ]
    .map((line) => line.replace(/[\u0000-\u001f\u007f]+/g, ' ')) // whatever a host calls itself
    .join('\r\n');
}

function firstLines(report: DsnReport): readonly [string, string] {
  const { kind, audience, fates } = report.notification;
  const names = nameRecipients(fates);
  if (audience === 'postmaster') {
    return [
      `A message without an author, so mostly a notification, was not delivered to ${names}.`,
      'What to do: nothing. If there are many of these, find out what sends them.',
    ];
  }
  switch (kind) {
    case 'failure':
      return failureLines(fates, names);
    case 'delay':
      return [
        `Your message to ${names} has not been delivered yet.`,
        `What to do: nothing. ${retryPlan(fates)} You will be told if that fails.`,
      ];
    case 'success':
      return [
        successLine(fates, names),
        'What to do: nothing. You get this report because it was asked for.',
      ];
  }
}

function failureLines(fates: readonly RecipientFate[], names: string): readonly [string, string] {
  const explanations = fates.flatMap((fate) =>
    fate.outcome.kind === 'failed' ? [explainFailure(fate.outcome, fate.forwardPath)] : [],
  );
  const [first] = explanations;
  const alike = explanations.every(
    ({ happened, advice }) => happened === first?.happened && advice === first.advice,
  );
  return first !== undefined && alike
    ? [
        `Your message to ${names} was not delivered: ${first.happened}.`,
        `What to do: ${first.advice}.`,
      ]
    : [
        `Your message was not delivered to ${names}, for more than one reason.`,
        'What to do: see the advice for each of them below.',
      ];
}

function retryPlan(fates: readonly RecipientFate[]): string {
  const ends = fates.flatMap((fate) => fate.willRetryUntil ?? []);
  return ends.length === 0
    ? 'It is tried again.'
    : `It is tried again until ${formatDateTime(Math.max(...ends))}.`;
}

function successLine(fates: readonly RecipientFate[], names: string): string {
  if (fates.every(({ outcome }) => outcome.kind === 'delivered')) {
    return `Your message to ${names} was delivered.`;
  }
  if (fates.every(({ outcome }) => outcome.kind === 'expanded')) {
    return `Your message to ${names} was passed on to the members behind the address.`;
  }
  return `Your message to ${names} was passed on to mail servers that do not report any further.`;
}

function recipientLines(fate: RecipientFate, withAdvice: boolean): readonly string[] {
  const { outcome, forwardPath } = fate;
  const name = nameOf(fate);
  const lines = [name];
  if (name !== displayMailbox(forwardPath)) {
    lines.push(`  Passed on to ${displayMailbox(forwardPath)}`);
  }
  if (outcome.kind === 'failed' && withAdvice) {
    const { happened, advice } = explainFailure(outcome, forwardPath);
    lines.push(`  Not delivered: ${happened}.`, `  What to do: ${advice}.`);
  }
  if (outcome.kind !== 'expanded' && outcome.reply !== undefined) {
    lines.push(`  ${hostName(outcome.host)} said:`);
    lines.push(...formatReply(outcome.reply).map((line) => `    ${line}`));
  } else if (outcome.kind === 'failed' || outcome.kind === 'delayed') {
    lines.push(`  Reason: ${outcome.reason}`);
  }
  lines.push(`  Status: ${formatStatus(outcome.status)}`);
  if (fate.lastAttemptAt !== undefined) {
    lines.push(`  Last tried: ${formatDateTime(fate.lastAttemptAt)}`);
  }
  return lines;
}

function messageLines(report: DsnReport): readonly string[] {
  const { message } = report;
  const subject = originalSubject(report);
  return [
    'The message:',
    ...(subject === undefined ? [] : [`  Subject: ${subject}`]),
    ...(message.messageId === undefined ? [] : [`  Message-ID: ${message.messageId}`]),
    `  Accepted: ${formatDateTime(message.acceptedAt)}`,
    `  Queue id: ${message.id}`,
  ];
}

/** The subject of the message reported on, fit for one line. */
function originalSubject(report: DsnReport): string | undefined {
  const [raw] = fieldValues(readHeaderSection(report.returned.bytes), 'Subject');
  const subject = decodeWords(raw ?? '')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]+/g, ' ')
    .trim();
  if (subject === '') return undefined;
  const start = SUBJECT_START.exec(subject)?.[0] ?? '';
  return start === subject ? subject : `${start}...`;
}

function nameRecipients(fates: readonly RecipientFate[]): string {
  const names = [...new Set(fates.map(nameOf))];
  const last = names.at(-1) ?? '';
  if (names.length <= 1) return last;
  if (names.length <= MAX_NAMED) return `${names.slice(0, -1).join(', ')} and ${last}`;
  return `${names.slice(0, MAX_NAMED).join(', ')} and ${names.length - MAX_NAMED} more`;
}

/** The address as the author knows it. */
function nameOf({ forwardPath, params }: RecipientFate): string {
  const written = parseMailbox(decodeUtf8Address(params.orcpt?.address ?? ''));
  return displayMailbox(written ?? forwardPath);
}

function hostName(host: RemoteHost | undefined): string {
  if (host === undefined) return 'The mail server';
  return host.address === undefined || host.address === host.name
    ? host.name
    : `${host.name} [${host.address}]`;
}
