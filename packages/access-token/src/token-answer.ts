/**
 * What a command or an endpoint says: the token itself, or the JSON of RFC 6749 §5.1. Pure.
 *
 * Errors name what is wrong and quote nothing but the endpoint's own error code: an answer may hold
 * secrets.
 */

/** A token, and for how long it is good; absent: until it is refused. */
export interface TokenAnswer {
  readonly token: string;
  readonly expiresInMs?: number;
}

/** Tokens are visible ASCII (RFC 6750 §2.1), and no book. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/** Reads an answer. @throws Error that may be shown */
export function readTokenAnswer(text: string): TokenAnswer {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return { token: checked(trimmed) };
  const { access_token: token, error, expires_in: expiresIn } = parsed(trimmed);
  if (typeof error === 'string') throw new Error(`it says ${errorCode(error)}`);
  if (typeof token !== 'string') throw new Error('its answer has no access_token');
  const seconds = Number(expiresIn);
  return {
    token: checked(token),
    ...(seconds > 0 ? { expiresInMs: seconds * 1000 } : {}),
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>; // begins with a brace: an object
  } catch {
    throw new Error('its answer is no JSON');
  }
}

function checked(token: string): string {
  if (TOKEN.test(token)) return token;
  throw new Error(token === '' ? 'it said nothing' : 'its answer is no token');
}

/** The characters that RFC 6749 §5.2 allows, and not more than a line. */
function errorCode(error: string): string {
  return error.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 100);
}
