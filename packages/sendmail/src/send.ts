/**
 * Sends what stands on standard input, and says with the exit code what became of it.
 *
 * Ends with 0 when every recipient was taken, or is in the spool on the disk. Who was
 * refused for good is named on standard error, and the exit code is that of the first
 * (see `exitOf`); with `-oem` the author gets a notification instead, because a caller like
 * cron reads neither. Where the spool takes nothing either, it is 75 and the caller has it still.
 */
import { isFault } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { displayMailbox, localContext, replyText } from '@posthouse/mail';
import type { Clock, Failed, Logger, RecipientOutcome } from '@posthouse/mail';
import type { Caller } from './caller.ts';
import type { SendCall } from './command-line.ts';
import { dialConveyor } from './conveyor.ts';
import { SendmailError } from './exit.ts';
import type { SendmailExit } from './exit.ts';
import { readLetter } from './letter.ts';
import type { Letter } from './letter.ts';
import type { SendmailSettings } from './settings.ts';
import type { Spool } from './spool.ts';

/** What a call is carried out with. */
export interface SendmailPlace {
  readonly settings: SendmailSettings;
  readonly caller: Caller;
  readonly spool: Spool;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly input: AsyncIterable<Uint8Array>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Sends. @throws SendmailError, DurableFsError */
export async function send(call: SendCall, place: SendmailPlace): Promise<SendmailExit> {
  const { caller, clock, input, settings, spool } = place;
  const facts = { ...settings, caller, now: clock.now() };
  const letter = await readLetter(input, call, facts, spool);
  const outcomes = call.onlyQueues ? [] : await convey(letter, place);
  const kept = letter.message.recipients.filter((_, index) => isWaiting(outcomes[index]));
  try {
    if (kept.length > 0) await keep(letter, kept, outcomes, place);
    if (call.verbose) tell(letter, outcomes, place);
    return await refuse(letter, outcomes, call, place);
  } finally {
    if (kept.length === 0) await letter.content.discard();
  }
}

/** `-v`: what each recipient came to. */
function tell(
  { message }: Letter,
  outcomes: readonly RecipientOutcome[],
  { print }: SendmailPlace,
): void {
  for (const [index, { forwardPath }] of message.recipients.entries()) {
    const outcome = outcomes[index];
    const said = outcome?.reply === undefined ? outcome?.kind : replyText(outcome.reply);
    const end = isWaiting(outcome) ? `kept as ${message.id}` : (said ?? '');
    print(`${displayMailbox(forwardPath)}: ${end}`);
  }
}

/** Nobody may have been asked. */
function isWaiting(outcome: RecipientOutcome | undefined): boolean {
  return outcome === undefined || outcome.kind === 'delayed';
}

async function convey(
  { content, message }: Letter,
  { clock, logger, settings }: SendmailPlace,
): Promise<readonly RecipientOutcome[]> {
  if (settings.target === undefined) return [];
  const conveyor = dialConveyor(settings.target, { clock, logger });
  try {
    const context = localContext(clock.now());
    return await conveyor.convey({ ...message, content: content.content(), context });
  } finally {
    await conveyor.close();
  }
}

async function keep(
  { content, message }: Letter,
  recipients: Letter['message']['recipients'],
  outcomes: readonly RecipientOutcome[],
  { complain, spool }: SendmailPlace,
): Promise<void> {
  const delayed = outcomes.find((outcome) => outcome.kind === 'delayed');
  const trouble = delayed?.reason;
  const kept = { ...message, recipients, ...(trouble === undefined ? {} : { trouble }) };
  try {
    await spool.keep(kept, content);
  } catch (error) {
    const why = trouble ?? 'it was to be queued';
    complain(`The message could not be handed over (${why}), nor kept in ${spool.directory}`);
    if (!isFault(error, 'denied')) throw new SendmailError('tempFail', messageOf(error), error);
    const text = `${messageOf(error)}: sendmail.access = "everybody" lets every user of this host in (docs/sendmail.md)`;
    throw new SendmailError('tempFail', text, error);
  }
}

async function refuse(
  { content, message }: Letter,
  outcomes: readonly RecipientOutcome[],
  call: SendCall,
  place: SendmailPlace,
): Promise<SendmailExit> {
  const fates = message.recipients.flatMap((recipient, index) => {
    const outcome = outcomes[index];
    return outcome?.kind === 'failed' ? [{ ...recipient, outcome }] : [];
  });
  const [first] = fates;
  if (first === undefined) return 'ok';
  if (call.errors === 'mail') {
    const { clock, settings, spool } = place;
    const about = { message, content: content.content(), fates };
    const where = { hostname: settings.hostname, spool, now: clock.now() };
    const { notifyAuthor } = await import('./undeliverable.ts'); // few calls need it, and it is large
    if ((await notifyAuthor(about, where)) > 0) return 'ok';
  }
  if (call.errors !== 'quiet') {
    for (const { forwardPath, outcome } of fates) {
      place.complain(`${displayMailbox(forwardPath)}: ${outcome.reason}`);
    }
  }
  return exitOf(first.outcome);
}

/** RFC 3463: the subject says whose fault it is. */
export function exitOf({ proof, status }: Pick<Failed, 'proof' | 'status'>): SendmailExit {
  if (proof === 'no-such-domain' || proof === 'null-mx') return 'noHost';
  const { detail, subject } = status;
  if (subject === 1) return detail === 2 || detail === 10 ? 'noHost' : 'noUser';
  if (subject === 7) return 'noPermission';
  if (subject === 5 || subject === 6) return 'data';
  return 'unavailable';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
