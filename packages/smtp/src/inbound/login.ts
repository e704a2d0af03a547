/**
 * AUTH: when it may come, the exchange line by line, and how often it may fail.
 *
 * RFC 4954 §3 (once, outside a transaction), §4; RFC 8314 §3.3 (not without TLS).
 */
import { refuse } from '@posthouse/mail';
import type { Identity, Reply } from '@posthouse/mail';
import { beginSasl, logIn } from './authentication.ts';
import type { SaslStep } from './authentication.ts';
import type { ListenerSettings } from './listener-options.ts';
import type { Answer } from './mail-exchange.ts';
import { usableMechanisms } from './offers.ts';
import { LOGGED_IN, replyTo } from './replies.ts';
import type { SessionLog } from './session-log.ts';
import type { SessionFacts, SessionPolicy } from './session-policy.ts';

/** The session around the login. */
export interface LoginSession {
  readonly settings: ListenerSettings;
  readonly policy: SessionPolicy;
  readonly log: SessionLog;
  readonly facts: SessionFacts;
  identify(identity: Identity): void;
}

/** The login of one session. */
export class Login {
  readonly #session: LoginSession;
  #next: ((line: string) => SaslStep) | undefined;
  #failures = 0;

  constructor(session: LoginSession) {
    this.#session = session;
  }

  /** Whether the next line is not a command, but the answer to a challenge. */
  get awaitsResponse(): boolean {
    return this.#next !== undefined;
  }

  /** AUTH. @throws MailError */
  begin(argument: string): Answer {
    const { facts, settings } = this.#session;
    if (settings.authentication === undefined) throw refuse('command-not-implemented');
    if (facts.identity !== undefined) {
      throw refuse('command-sequence', { text: 'You are logged in already' });
    }
    const usable = usableMechanisms(facts, settings);
    if (usable.length === 0) throw refuse('tls-required-for-auth');
    const [name = '', initial, ...more] = argument.split(' ').filter((word) => word !== '');
    const mechanism = usable.find((known) => known === name.toUpperCase());
    if (mechanism === undefined) throw refuse('mechanism-unknown');
    if (more.length > 0)
      throw refuse('command-syntax', { text: 'Syntax: AUTH mechanism [response]' });
    return this.#go(() => beginSasl(mechanism, initial));
  }

  /** The client's answer to a challenge. @throws MailError */
  respond(line: string): Answer {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) throw refuse('command-sequence');
    return this.#go(() => next(line));
  }

  #go(take: () => SaslStep): Answer {
    const step = take();
    if (step.kind === 'challenge') {
      this.#next = step.next;
      return { reply: step.reply };
    }
    const reply = this.#check(step);
    return { reply, hold: reply };
  }

  async #check({ credentials }: SaslStep & { kind: 'credentials' }): Promise<Reply> {
    const { facts, log, policy, settings } = this.#session;
    try {
      const identity = await logIn(credentials, (given) => {
        if (policy.authenticate === undefined) throw refuse('authentication-unavailable');
        return policy.authenticate(given, facts);
      });
      this.#session.identify(identity);
      return LOGGED_IN;
    } catch (thrown) {
      const error = log.refused('login', thrown, { user: credentials.user });
      this.#failures++;
      return this.#failures < settings.limits.maxAuthenticationFailures
        ? replyTo(error)
        : refuse('too-many-errors').reply;
    }
  }
}
