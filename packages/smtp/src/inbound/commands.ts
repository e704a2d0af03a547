/**
 * The command table: each verb, when it may come, and what it does.
 *
 * What is not known is 500, what is known and not done 502. Without a greeting there is
 * no mail (503); where TLS or a login is required, only what leads there is let through
 * (RFC 3207 §4, RFC 4954 §6: 530).
 *
 * RFC 5321 §4.1.1; RFC 2033 §4.1 (LHLO in place of HELO and EHLO).
 */
import { createReply, refuse } from '@posthouse/mail';
import type { Reply } from '@posthouse/mail';
import type { ListenerSettings } from './listener-options.ts';
import type { Login } from './login.ts';
import type { Answer, MailExchange } from './mail-exchange.ts';
import { formatOffers, mayStartTls } from './offers.ts';
import type { Offers } from './offers.ts';
import { BYE, CANNOT_VERIFY, HELP, NOTHING_DONE, RESET } from './replies.ts';
import type { SessionFacts } from './session-policy.ts';

/** The session that commands act on. */
export interface CommandSession {
  readonly settings: ListenerSettings;
  readonly facts: SessionFacts;
  readonly exchange: MailExchange;
  readonly login: Login;
  /** Whether the listener is stopping. */
  readonly draining: boolean;
  greet(protocol: SessionFacts['protocol'], name: string): Offers;
  startTls(): void;
}

/** Runs a command. @throws MailError */
export function runCommand(session: CommandSession, verb: string, argument: string): Answer {
  switch (verb) {
    case 'EHLO':
    case 'HELO':
    case 'LHLO':
      return { reply: greet(session, verb, argument) };
    case 'MAIL':
      if (session.draining) throw refuse('shutting-down');
      assertMayMail(session);
      return session.exchange.mail(argument);
    case 'RCPT':
      assertMayMail(session);
      return session.exchange.rcpt(argument);
    case 'DATA':
      assertMayMail(session);
      assertBare(argument);
      return session.exchange.data();
    case 'BDAT':
      return session.exchange.bdat(argument, () => assertMayMail(session));
    case 'RSET':
      assertBare(argument);
      session.exchange.abort();
      return { reply: RESET };
    case 'NOOP':
      return { reply: NOTHING_DONE };
    case 'QUIT':
      session.exchange.abort();
      return { reply: BYE };
    case 'HELP':
      return { reply: HELP };
    case 'STARTTLS':
      return startTls(session, argument);
    case 'AUTH':
      return authenticate(session, argument);
    case 'VRFY':
      assertGreeted(session);
      if (argument.trim() === '') throw refuse('command-syntax', { text: 'Syntax: VRFY address' });
      return { reply: CANNOT_VERIFY };
    case 'EXPN':
    case 'ETRN':
    case 'TURN':
      throw refuse('command-not-implemented');
    default:
      throw unknown(verb, argument);
  }
}

function greet(session: CommandSession, verb: 'EHLO' | 'HELO' | 'LHLO', argument: string): Reply {
  const { settings } = session;
  const lmtp = settings.protocol === 'lmtp';
  if ((verb === 'LHLO') !== lmtp) {
    throw refuse('command-unknown', {
      text: lmtp ? 'This is LMTP: say LHLO' : 'This is SMTP: say EHLO',
    });
  }
  const name = argument.trim();
  // Any name will do, as long as it can stand in a Received field (RFC 5321 §4.1.4).
  if (!/^[\u0021-\u007e]{1,255}$/.test(name)) {
    throw refuse('command-syntax', { text: `Syntax: ${verb} your-host-name` });
  }
  const offers = session.greet(lmtp ? 'lmtp' : verb === 'EHLO' ? 'esmtp' : 'smtp', name);
  return createReply(
    250,
    undefined,
    settings.hostname,
    ...(offers.esmtp ? formatOffers(offers) : []),
  );
}

function startTls(session: CommandSession, argument: string): Answer {
  if (session.facts.tls !== undefined) {
    throw refuse('command-sequence', { text: 'TLS is active already' });
  }
  if (!mayStartTls(session.facts, session.settings)) throw refuse('command-not-implemented');
  assertBare(argument); // RFC 3207 §4: 501
  session.exchange.abort();
  session.startTls();
  return {};
}

function authenticate(session: CommandSession, argument: string): Answer {
  assertGreeted(session);
  if (session.exchange.open) {
    throw refuse('command-sequence', { text: 'Not within a mail transaction' });
  }
  return session.login.begin(argument);
}

function assertGreeted({ facts, settings }: CommandSession): void {
  if (facts.greeting !== '') return;
  throw refuse('command-sequence', {
    text: settings.protocol === 'lmtp' ? 'Say LHLO first' : 'Say EHLO or HELO first',
  });
}

function assertMayMail(session: CommandSession): void {
  const { facts, settings } = session;
  assertGreeted(session);
  if (settings.requireTls && facts.tls === undefined) throw refuse('tls-required');
  if (settings.authentication?.required === true && facts.identity === undefined) {
    throw refuse('authentication-required');
  }
}

/** RFC 5321 §4.1.1: trailing spaces are tolerated, words are not. */
function assertBare(argument: string): void {
  if (argument.trim() !== '')
    throw refuse('parameter-syntax', { text: 'This command takes no argument' });
}

/** A web browser that was sent here leaves at once, before its form's fields are read as commands. */
function unknown(verb: string, argument: string): Error {
  return /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH|CONNECT)$/.test(verb) &&
    /\bHTTP\//i.test(argument)
    ? refuse('too-many-errors', { text: 'This is not a web server' })
    : refuse('command-unknown');
}
