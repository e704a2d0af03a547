/**
 * Is this the password? Asked often, so the same question asked twice is answered once:
 * a client that opens twenty connections, or tries an old password all day, costs one hash
 * and one attempt.
 *
 * What is remembered is an HMAC of name, hash and password under a key that only this
 * process has: memory that leaks tells no password. The stored hash is part of it, so
 * that a changed password ends the memory. Whoever has no account is hashed like
 * everybody else. Failures count for account and client together, which keeps a stranger
 * from locking somebody out, and for the client alone. Whoever has failed too often gets
 * no answer at all, not even a remembered one.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { clientNetwork, refuse } from '@posthouse/mail';
import type { Clock } from '@posthouse/mail';
import { createAnswerMemory } from './answer-memory.ts';
import { createHashLine } from './hash-line.ts';
import { createLoginAttempts } from './login-attempts.ts';
import { dummyHash, verifyPassword } from './password-hash.ts';
import type { PasswordHash } from './password-hash.ts';

const REMEMBER_RIGHT_MS = 60_000;
const REMEMBER_WRONG_MS = 10 * 60_000;
const ATTEMPTS_AT_ACCOUNT = { free: 10, refillMs: 60_000 };
/** An office behind one address has many people; who guesses names all day has no more than this. */
const ATTEMPTS_OF_CLIENT = { free: 50, refillMs: 6000 };
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
  /** Forgets the answers. */
  clear(): void;
}

export function createPasswordCheck(clock: Clock): PasswordCheck {
  const key = randomBytes(32);
  const line = createHashLine(MAX_WAITING);
  const atAccount = createLoginAttempts(ATTEMPTS_AT_ACCOUNT, clock);
  const ofClient = createLoginAttempts(ATTEMPTS_OF_CLIENT, clock);
  const nobody = dummyHash();
  const right = createAnswerMemory(REMEMBER_RIGHT_MS, clock);
  const wrong = createAnswerMemory(REMEMBER_WRONG_MS, clock);
  const underWay = new Map<string, Promise<boolean>>();

  const ask = async (question: string, login: Login, client: string): Promise<boolean> => {
    const giveBack = takeAttempt(login, client);
    try {
      const { hash = nobody, password } = login;
      const answer = await line.run(client, () => verifyPassword(password, hash));
      if (answer) giveBack();
      (answer ? right : wrong).add(question);
      return answer;
    } catch (error) {
      giveBack(); // nothing was answered
      throw error;
    } finally {
      underWay.delete(question);
    }
  };

  const takeAttempt = ({ name }: Login, client: string): (() => void) => {
    atAccount.take(`${client} ${name}`);
    ofClient.take(client);
    return () => {
      atAccount.giveBack(`${client} ${name}`);
      ofClient.giveBack(client);
    };
  };

  return {
    async isRight(login) {
      if (Buffer.byteLength(login.password) > MAX_PASSWORD_BYTES) return false;
      const client = clientNetwork(login.peer);
      if (!atAccount.areLeft(`${client} ${login.name}`) || !ofClient.areLeft(client)) {
        const text = 'Too many failed logins, try again in some minutes';
        throw refuse('authentication-unavailable', { text });
      }
      const question = createHmac('sha256', key)
        .update(`${login.name}\0${login.hash?.text ?? ''}\0${login.password}`)
        .digest('base64');
      if (right.has(question)) return true;
      if (wrong.has(question)) return false;
      const asked = underWay.get(question) ?? ask(question, login, client);
      underWay.set(question, asked);
      return asked;
    },
    clear() {
      right.clear();
      wrong.clear();
    },
  };
}
