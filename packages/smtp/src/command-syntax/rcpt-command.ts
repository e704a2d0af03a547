/**
 * RCPT: the forward-path and its parameters, read from the command line into plain data.
 *
 * RFC 5321 §4.1.1.3, RFC 3461 §4.1, §4.2 (NOTIFY, ORCPT), RFC 6531 §3.3.
 */
import { NO_PARAMS, parseForwardPath, refuse } from '@posthouse/mail';
import type { ForwardPath, MailDomain, Notify, NotifyEvent, RcptParams } from '@posthouse/mail';
import { isInternational } from './mail-command.ts';
import { parseOriginalRecipient } from './original-recipient.ts';
import { badParameter, readParameters, valueOf } from './parameters.ts';
import type { Parameters } from './parameters.ts';
import { splitPathArgument } from './path.ts';

/** What RCPT said. */
export interface RcptCommand {
  readonly forwardPath: ForwardPath;
  readonly params: RcptParams;
}

/** What decides how RCPT is read. */
export interface RcptSurroundings {
  /** Whether DSN is on offer. */
  readonly dsn: boolean;
  /** Whether MAIL asked for SMTPUTF8. */
  readonly smtpUtf8: boolean;
  /** Where `<Postmaster>` without a domain goes. */
  readonly postmasterDomain: MailDomain;
}

/** Reads what stands behind `RCPT `. @throws MailError with the reply to say */
export function parseRcptCommand(argument: string, around: RcptSurroundings): RcptCommand {
  const split = splitPathArgument(argument, 'TO');
  if (split === 'no-keyword') throw refuse('command-syntax', { text: 'Syntax: RCPT TO:<address>' });
  const forwardPath =
    split === 'no-path' ? undefined : parseForwardPath(split.path, around.postmasterDomain);
  if (split === 'no-path' || forwardPath === undefined) throw refuse('forward-path-syntax');
  const given = readParameters(
    split.parameters,
    (keyword) => around.dsn && (keyword === 'NOTIFY' || keyword === 'ORCPT'),
  );
  if (!around.smtpUtf8 && isInternational(argument)) throw refuse('smtputf8-required');
  return { forwardPath, params: given.size === 0 ? NO_PARAMS : readRcptParams(given) };
}

function readRcptParams(given: Parameters): RcptParams {
  const notify = readNotify(valueOf(given, 'NOTIFY'));
  const coded = valueOf(given, 'ORCPT');
  const orcpt = coded === undefined ? undefined : parseOriginalRecipient(coded);
  if (coded !== undefined && orcpt === undefined) {
    throw badParameter('ORCPT', 'must be an address type, a semicolon and an address in xtext');
  }
  return {
    ...(notify === undefined ? {} : { notify }),
    ...(orcpt === undefined ? {} : { orcpt }),
  };
}

const EVENTS: readonly NotifyEvent[] = ['success', 'failure', 'delay'];

function readNotify(text: string | undefined): Notify | undefined {
  if (text === undefined) return undefined;
  const words = text.toLowerCase().split(',');
  if (words.length === 1 && words[0] === 'never') return 'never';
  if (!words.every((word) => EVENTS.some((event) => event === word))) {
    throw badParameter('NOTIFY', 'must be NEVER, or a list of SUCCESS, FAILURE and DELAY');
  }
  return EVENTS.filter((event) => words.includes(event));
}
