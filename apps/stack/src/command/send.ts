/**
 * `posthouse send`: writes a message and submits it, to the demo that runs here, to any
 * server, or to a provider by its name. `--debug` shows what is said.
 *
 * Exit codes: 0 the server took it for everybody; 75 not now; 65 refused for good, for
 * somebody at least. What went wrong is said in plain words, with what to check next.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { displayMailbox, isTaken } from '@posthouse/mail';
import { EXIT, ExitError } from '@posthouse/process';
import type { TranscriptLine } from '@posthouse/smtp';
import { compose, DraftError, explainFailure, submit } from '@posthouse/user-agent';
import type { ComposedMessage, Draft, DraftAttachment, Receipt } from '@posthouse/user-agent';
import {
  CONFIG_OPTION,
  expectNoMore,
  firstGiven,
  readArguments,
  textValue,
  wrongUse,
} from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { findServer, SERVER_OPTIONS, SERVER_USAGE } from './submission-place.ts';
import type { SubmissionPlace } from './submission-place.ts';

const USAGE = `Usage: posthouse send --from ADDRESS --to ADDRESS [options]

Sends a message; without --text its text is read from standard input.

  --to, --cc, --bcc ADDRESS   may be given several times
  --subject TEXT
  --text TEXT, --html TEXT
  --attach FILE               may be given several times
  --json                      the server's answers, for programs
  --debug                     the conversation with the server, on standard error; no secrets
${SERVER_USAGE}`;

const OPTIONS = {
  ...CONFIG_OPTION,
  ...SERVER_OPTIONS,
  from: { type: 'string' },
  to: { type: 'string', multiple: true },
  cc: { type: 'string', multiple: true },
  bcc: { type: 'string', multiple: true },
  subject: { type: 'string' },
  text: { type: 'string' },
  html: { type: 'string' },
  attach: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  debug: { type: 'boolean' },
} as const;

export const send: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, OPTIONS);
    if (given === undefined) return EXIT.ok;
    const place = await findServer(given, authorOf(given));
    const message = await write(given);
    try {
      const onLine = given.values['debug'] === true ? showLine : undefined;
      const receipt = await submit(message, place.server, {}, { onLine });
      return report(receipt, place, given);
    } catch (error) {
      throw explained(error, place);
    }
  },
};

/** @throws ExitError `usage` where it is not said who writes, or to whom */
function authorOf(given: Arguments): string {
  expectNoMore(given.positionals, USAGE);
  const author = textValue(given, 'from');
  if (author === undefined) throw wrongUse('--from ADDRESS is missing: who writes', USAGE);
  if (firstGiven(given, ['to', 'cc', 'bcc']) !== undefined) return author;
  throw wrongUse('--to ADDRESS is missing: who is to get it', USAGE);
}

async function write(given: Arguments): Promise<ComposedMessage> {
  const html = textValue(given, 'html');
  const draft: Draft = {
    from: textValue(given, 'from') ?? '',
    to: listValue(given, 'to'),
    cc: listValue(given, 'cc'),
    bcc: listValue(given, 'bcc'),
    subject: textValue(given, 'subject'),
    text:
      textValue(given, 'text') ?? (html === undefined ? await readText(process.stdin) : undefined),
    html,
    attachments: await Promise.all(listValue(given, 'attach').map(attachment)),
  };
  try {
    return await compose(draft);
  } catch (error) {
    if (error instanceof DraftError) throw new ExitError('data', error.message, error);
    throw error;
  }
}

function listValue(given: Arguments, name: string): readonly string[] {
  const value = given.values[name];
  return Array.isArray(value) ? value.map(String) : [];
}

async function attachment(path: string): Promise<DraftAttachment> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() !== true)
    throw new ExitError('noInput', `There is no file ${path} to attach`);
  return { content: () => createReadStream(path), filename: basename(path) };
}

const LOGIN_OPTIONS = '--user, and --password-file or the variable POSTHOUSE_PASSWORD';

const MARKS = { sent: '>', received: '<', noted: '*' } as const;

function showLine({ direction, text }: TranscriptLine): void {
  process.stderr.write(`${MARKS[direction]} ${text}\n`);
}

function report(receipt: Receipt, place: SubmissionPlace, given: Arguments): number {
  if (given.values['json'] === true) process.stdout.write(`${JSON.stringify(receipt)}\n`);
  const refused = receipt.recipients.filter(({ outcome }) => !isTaken(outcome));
  const taken = receipt.recipients.length - refused.length;
  if (taken > 0 && given.values['json'] !== true) {
    const id = receipt.queueId === undefined ? '' : ` as ${receipt.queueId}`;
    process.stdout.write(
      `Sent to ${receipt.server.name}${id}, for ${taken} of ${receipt.recipients.length}\n`,
    );
  }
  for (const { outcome, recipient } of refused) {
    const { next, what } = explainFailure(outcome, place.facts);
    process.stderr.write(`${displayMailbox(recipient)}: ${what} ${next}\n`);
  }
  if (refused.length === 0) return EXIT.ok;
  return refused.some(({ outcome }) => outcome.kind === 'failed') ? EXIT.data : EXIT.tempFail;
}

function explained(error: unknown, place: SubmissionPlace): unknown {
  if (!(error instanceof Error) || error.name !== 'MailError') return error;
  const { next, reason, what } = explainFailure(error, place.facts);
  const isDown = place.isLocal && reason === 'connection-refused';
  const advice = isDown ? 'Start the stack of this directory: "posthouse up".' : next;
  const how = reason === 'login-needed' ? ` (${LOGIN_OPTIONS})` : '';
  return new ExitError('unavailable', `${what} ${advice}${how}`, error);
}
