/**
 * Is this the password? Asked often, so the answer "yes" is remembered for a minute, and
 * the same question asked twice at a time is answered once: a client that opens twenty
 * connections costs one hash.
 *
 * What is remembered is an HMAC of name, hash and password under a key that only this
 * process has: memory that leaks tells no password. The stored hash is part of it, so
 * that a changed password ends the memory. Whoever has no account is hashed like
 * everybody else: time tells nobody which accounts exist. Whoever has failed too often
 * gets no answer at all, not even a remembered one.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { refuse } from '@posthouse/mail';
import type { Clock } from '@posthouse/mail';
import { createHashLine } from './hash-line.ts';
import { createLoginAttempts } from './login-attempts.ts';
import { dummyHash, verifyPassword } from './password-hash.ts';
import type { PasswordHash } from './password-hash.ts';

const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 20_000;
/** About a second of waiting for the last in line. */
const MAX_WAITING = 32;
const MAX_PASSWORD_BYTES = 4096;

/** One login. */
export interface Login {
  readonly name: string;
  readonly password: string;
  /** Of the account of that name; absent: there is none, and the answer is no. */
  readonly hash: PasswordHash | undefined;
  /** Who asks. */
  readonly peer: string;
}

export interface PasswordCheck {
  /** @throws MailError `authentication-unavailable` after too many failures, or in too large a crowd */
  isRight(login: Login): Promise<boolean>;
  /** Forgets the right answers. */
  clear(): void;
}

export function createPasswordCheck(clock: Clock): PasswordCheck {
  const key = randomBytes(32);
  const line = createHashLine(MAX_WAITING);
  const attempts = createLoginAttempts(clock);
  const nobody = dummyHash();
  /** Right answers and when they end to count, the oldest first. */
  const right = new Map<string, number>();
  const underWay = new Map<string, Promise<boolean>>();

  const remember = (question: string): void => {
    right.delete(question);
    right.set(question, clock.now() + REMEMBER_MS);
    const [oldest] = right.keys();
    if (right.size > MAX_REMEMBERED && oldest !== undefined) right.delete(oldest);
  };

  const ask = async (question: string, login: Login, attempt: string): Promise<boolean> => {
    attempts.take(attempt);
    try {
      const answer = await line.run(() => verifyPassword(login.password, login.hash ?? nobody));
      if (answer) attempts.giveBack(attempt);
      if (answer) remember(question);
      return answer;
    } catch (error) {
      attempts.giveBack(attempt); // nothing was answered
      throw error;
    } finally {
      underWay.delete(question);
    }
  };

  return {
    async isRight(login) {
      if (Buffer.byteLength(login.password) > MAX_PASSWORD_BYTES) return false;
      const attempt = `${login.peer} ${login.name}`;
      if (!attempts.areLeft(attempt)) {
        const text = 'Too many failed logins, try again in some minutes';
        throw refuse('authentication-unavailable', { text });
      }
      const question = createHmac('sha256', key)
        .update(`${login.name}\0${login.hash?.text ?? ''}\0${login.password}`)
        .digest('base64');
      if ((right.get(question) ?? 0) > clock.now()) return true;
      const asked = underWay.get(question) ?? ask(question, login, attempt);
      underWay.set(question, asked);
      return asked;
    },
    clear: () => right.clear(),
  };
}
