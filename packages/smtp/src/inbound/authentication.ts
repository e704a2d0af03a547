/**
 * AUTH with PLAIN and LOGIN: from base64 to credentials, and what the policy says of them.
 *
 * Client's words that make no sense are refused here. A fault of the policy is 454, so
 * that no client takes its password for wrong.
 *
 * RFC 4954 §4, §6; RFC 4616 (PLAIN).
 */
import { createReply, MailError, refuse } from '@posthouse/mail';
import type { Identity, Reply } from '@posthouse/mail';
import type { Credentials, SaslMechanism } from './session-policy.ts';

/** What a step of the exchange comes to: a challenge and what takes the answer, or the end. */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly reply: Reply; readonly next: (line: string) => SaslStep }
  | { readonly kind: 'credentials'; readonly credentials: Credentials };

/**
 * Begins an exchange.
 * @param initial the initial response, where one was given
 * @throws MailError the client's words make no sense
 */
export function beginSasl(mechanism: SaslMechanism, initial: string | undefined): SaslStep {
  const next = mechanism === 'PLAIN' ? plainResponse : loginUser;
  if (initial === undefined) return challenge(mechanism === 'PLAIN' ? '' : 'Username:', next);
  // RFC 4954 §4: an empty initial response is sent as "=".
  return next(initial === '=' ? '' : initial);
}

/** Asks whether these are right. @throws MailError */
export async function logIn(
  credentials: Credentials,
  authenticate: (credentials: Credentials) => Promise<Identity>,
): Promise<Identity> {
  try {
    return await authenticate(credentials);
  } catch (thrown) {
    if (thrown instanceof MailError) throw thrown;
    throw refuse('authentication-unavailable', { cause: thrown });
  }
}

function challenge(text: string, next: (line: string) => SaslStep): SaslStep {
  const reply = createReply(334, undefined, Buffer.from(text).toString('base64'));
  return { kind: 'challenge', reply, next };
}

/** RFC 4616 §2: authorization identity, NUL, user, NUL, password. */
function plainResponse(line: string): SaslStep {
  const parts = decode(line).split('\0');
  const [authorization = '', user = '', password = ''] = parts;
  if (parts.length !== 3) throw refuse('command-syntax', { text: 'Not a PLAIN response' });
  if (authorization !== '' && authorization !== user) {
    throw refuse('credentials-invalid', { text: 'Acting for another user is not supported' });
  }
  return credentialsOf('PLAIN', user, password);
}

function loginUser(line: string): SaslStep {
  const user = decode(line);
  return challenge('Password:', (answer) => credentialsOf('LOGIN', user, decode(answer)));
}

function credentialsOf(mechanism: SaslMechanism, user: string, password: string): SaslStep {
  if (user === '' || /[\u0000-\u001f\u007f]/.test(user) || password.includes('\0')) {
    throw refuse('credentials-invalid');
  }
  return { kind: 'credentials', credentials: { mechanism, user, password } };
}

/** The text in a base64 line. @throws MailError */
function decode(line: string): string {
  if (line === '*') throw refuse('authentication-cancelled');
  const octets = Buffer.from(line, 'base64');
  const text = octets.toString('utf8');
  const sound = /^[A-Za-z0-9+/]*={0,2}$/.test(line) && line.length % 4 === 0;
  if (!sound || !Buffer.from(text, 'utf8').equals(octets)) {
    throw refuse('command-syntax', { text: 'Not base64 of UTF-8' });
  }
  return text;
}
