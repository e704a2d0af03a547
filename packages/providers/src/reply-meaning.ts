/**
 * What a reply says about us rather than about the message: too much, too fast, not logged in well.
 * Pure.
 *
 * Such a reply is answered with a rest and never with a failure of the message, whatever its code.
 * Rules of a provider go first; those for all hosts know only what is safe to say of any of them,
 * and never make a permanent reply a transient one.
 */
import { isPermanent } from '@posthouse/mail';
import type { Reply } from '@posthouse/mail';

/** What a reply is about. */
export type ReplyTopic =
  /** Too many messages in a short time. */
  | 'rate'
  /** The allowance of a long time (a day, a month) is used up. */
  | 'quota'
  /** Too many connections at once. */
  | 'connections'
  /** The account or address of ours is held back until somebody acts. */
  | 'account'
  /** The login is not accepted until somebody acts. */
  | 'login';

/** The meaning of a reply. */
export interface ReplyMeaning {
  readonly about: ReplyTopic;
  /** What it means and what to do, in a sentence for people. */
  readonly advice: string;
  /** How long to leave the host alone. Absent: as after any trouble. */
  readonly restMs?: number;
}

/** How a reply is recognised: all that is given must fit. */
export interface ReplyRule {
  readonly codes: readonly number[];
  /** The enhanced status as text (`4.7.0`). */
  readonly status?: RegExp;
  readonly text?: RegExp;
  readonly meaning: ReplyMeaning;
}

/** For every host. Mailboxes (x.2.z) and addresses (x.1.z) have troubles of their own. */
const GENERAL: readonly ReplyRule[] = [
  {
    codes: [421, 450, 451, 452, 454],
    text: /too many (?:concurrent |simultaneous )?(?:smtp )?(?:connections|sessions)/i,
    meaning: { about: 'connections', advice: 'Too many connections at once' },
  },
  {
    codes: [421, 450, 451, 452, 454],
    text: /\brate[- ]?limit|throttl|too (?:fast|quickly|frequent|many (?:messages|emails))|slow down/i,
    meaning: { about: 'rate', advice: 'Too much mail in a short time' },
  },
  {
    codes: [421, 450, 451, 452],
    status: /^4\.(?:3\.2|4\.5)$/,
    meaning: { about: 'rate', advice: 'The host takes no more for the moment' },
  },
  { codes: [421], meaning: { about: 'rate', advice: 'The host takes no more for the moment' } },
];

/** The meaning of a reply by these rules and by those for every host; `undefined`: it is about the message. */
export function meaningOfReply(
  reply: Reply,
  rules: readonly ReplyRule[] = [],
): ReplyMeaning | undefined {
  const known = rules.find((rule) => fits(rule, reply));
  if (known !== undefined) return known.meaning;
  if (isPermanent(reply) || isAboutRecipient(reply)) return undefined;
  return GENERAL.find((rule) => fits(rule, reply))?.meaning;
}

function fits({ codes, status, text }: ReplyRule, reply: Reply): boolean {
  if (!codes.includes(reply.code)) return false;
  if (status !== undefined && !status.test(statusText(reply))) return false;
  return text === undefined || text.test(reply.lines.join(' '));
}

function statusText({ status }: Reply): string {
  return status === undefined ? '' : `${status.class}.${status.subject}.${status.detail}`;
}

function isAboutRecipient({ code, status }: Reply): boolean {
  return code !== 421 && (status?.subject === 1 || status?.subject === 2);
}
