/**
 * MAIL: the reverse-path and its parameters, read from the command line into plain data.
 *
 * Only what the session offered is accepted. A non-ASCII address needs SMTPUTF8, its
 * domain too, although domains become A-labels here.
 *
 * RFC 5321 §4.1.1.2, RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 8689
 * (REQUIRETLS), RFC 3461 §4.3, §4.4 (RET, ENVID), RFC 4954 §5 (AUTH).
 */
import {
  decodeXtext,
  NO_PARAMS,
  NULL_PATH,
  parseEnvelopeId,
  parseMailbox,
  parseReversePath,
  refuse,
} from '@posthouse/mail';
import type { MailParams, ReversePath, TransferContext } from '@posthouse/mail';
import { decodePrivateContext, PRIVATE_CONTEXT_KEYWORD } from '../private-context.ts';
import { badParameter, isGiven, readParameters, valueOf } from './parameters.ts';
import type { Parameters } from './parameters.ts';
import { splitPathArgument } from './path.ts';

/** Which parameters a session has on offer. After HELO: none. */
export interface OfferedParameters {
  readonly esmtp: boolean;
  readonly eightBitMime: boolean;
  readonly smtpUtf8: boolean;
  readonly requireTls: boolean;
  readonly dsn: boolean;
  readonly privateContext: boolean;
}

/** What MAIL said. */
export interface MailCommand {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  /** The facts that another of our agents vouches for. */
  readonly origin?: TransferContext;
}

/** Reads what stands behind `MAIL `. @throws MailError with the reply to say */
export function parseMailCommand(argument: string, offered: OfferedParameters): MailCommand {
  const split = splitPathArgument(argument, 'FROM');
  if (split === 'no-keyword')
    throw refuse('command-syntax', { text: 'Syntax: MAIL FROM:<address>' });
  const reversePath = split === 'no-path' ? undefined : parseReversePath(split.path);
  if (split === 'no-path' || reversePath === undefined) throw refuse('reverse-path-syntax');
  const given = readParameters(split.parameters, (keyword) => isOffered(keyword, offered));
  const params = given.size === 0 ? NO_PARAMS : readMailParams(given);
  if (params.smtpUtf8 !== true && isInternational(argument)) throw refuse('smtputf8-required');
  const coded = valueOf(given, PRIVATE_CONTEXT_KEYWORD);
  if (coded === undefined) return { reversePath, params };
  const origin = decodePrivateContext(coded);
  if (origin === undefined) throw badParameter(PRIVATE_CONTEXT_KEYWORD, 'cannot be read');
  return { reversePath, params, origin };
}

/** Whether a command line holds anything outside ASCII (RFC 6531 §3.3). */
export function isInternational(text: string): boolean {
  return /[^\u0000-\u007f]/.test(text);
}

function isOffered(keyword: string, offered: OfferedParameters): boolean {
  switch (keyword) {
    case 'SIZE':
    case 'AUTH': // RFC 4954 §5: known even where it is not believed
      return offered.esmtp;
    case 'BODY':
      return offered.eightBitMime;
    case 'SMTPUTF8':
      return offered.smtpUtf8;
    case 'REQUIRETLS':
      return offered.requireTls;
    case 'RET':
    case 'ENVID':
      return offered.dsn;
    case PRIVATE_CONTEXT_KEYWORD:
      return offered.privateContext;
    default:
      return false;
  }
}

function readMailParams(given: Parameters): MailParams {
  const sizeBytes = readSize(valueOf(given, 'SIZE'));
  const body = readBody(valueOf(given, 'BODY'));
  const ret = readRet(valueOf(given, 'RET'));
  const envid = readEnvid(valueOf(given, 'ENVID'));
  const auth = readAuth(valueOf(given, 'AUTH'));
  return {
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(body === undefined ? {} : { body }),
    ...(isGiven(given, 'SMTPUTF8') ? { smtpUtf8: true as const } : {}),
    ...(isGiven(given, 'REQUIRETLS') ? { requireTls: true as const } : {}),
    ...(ret === undefined ? {} : { ret }),
    ...(envid === undefined ? {} : { envid }),
    ...(auth === undefined ? {} : { auth }),
  };
}

/** RFC 1870 §3: 1*20DIGIT. A number too large for us is too large for any limit as well. */
function readSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,20}$/.test(text)) throw badParameter('SIZE', 'must be a number of octets');
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

function readBody(text: string | undefined): MailParams['body'] {
  const body = text?.toUpperCase();
  if (body === undefined || body === '7BIT' || body === '8BITMIME') return body;
  if (body === 'BINARYMIME') {
    throw refuse('parameter-unknown', { text: 'BODY=BINARYMIME is not offered' });
  }
  throw badParameter('BODY', 'must be 7BIT or 8BITMIME');
}

function readRet(text: string | undefined): MailParams['ret'] {
  const ret = text?.toUpperCase();
  if (ret === undefined || ret === 'FULL' || ret === 'HDRS') return ret;
  throw badParameter('RET', 'must be FULL or HDRS');
}

function readEnvid(text: string | undefined): MailParams['envid'] {
  if (text === undefined) return undefined;
  const decoded = decodeXtext(text);
  const envid = decoded === undefined ? undefined : parseEnvelopeId(decoded);
  if (envid === undefined) throw badParameter('ENVID', 'must be xtext of at most 100 characters');
  return envid;
}

/** RFC 4954 §5: `<>`, or a mailbox in xtext; one that is no mailbox counts as `<>`. */
function readAuth(text: string | undefined): ReversePath | undefined {
  if (text === undefined || text === NULL_PATH) return text;
  const decoded = decodeXtext(text);
  if (decoded === undefined) throw badParameter('AUTH', 'must be xtext');
  return parseMailbox(decoded) ?? NULL_PATH;
}
