/**
 * How we log in: with a password (PLAIN, LOGIN) or with an access token (OAUTHBEARER, XOAUTH2),
 * whichever of them the peer offers; XOAUTH2 first, which is what providers document.
 *
 * A token that is refused is renewed once. The peer tells the reason of a refused token in a 334,
 * which wants an answer of its own before it says 535.
 *
 * RFC 4954; RFC 4616 (PLAIN); RFC 7628 (OAUTHBEARER); XOAUTH2 as Google and Microsoft document it.
 */
import type { SMTPConnectionCustomAuthHandler } from 'nodemailer/lib/smtp-connection';
import type { TokenAuthentication } from './connect-target.ts';

/** Nodemailer knows the handler by this name; it is none of a mechanism. */
export const TOKEN_METHOD = 'TOKEN';

/** What the peer must offer of, in our order. */
export const PASSWORD_MECHANISMS: readonly string[] = ['PLAIN', 'LOGIN'];
export const TOKEN_MECHANISMS: readonly string[] = ['XOAUTH2', 'OAUTHBEARER'];

/** Where the login goes, which OAUTHBEARER says to the peer. */
export interface LoginPlace {
  readonly host: string;
  readonly port: number;
}

/** What a token login says. */
export interface TokenLogin {
  readonly authentication: TokenAuthentication;
  /** The first token to try. */
  readonly token: string;
  readonly mechanism: string;
  readonly place: LoginPlace;
}

/** Nodemailer's handler of a token login. */
export function tokenHandler({
  authentication,
  mechanism,
  place,
  token,
}: TokenLogin): SMTPConnectionCustomAuthHandler {
  return async (dialogue) => {
    const say = async (token: string): Promise<number> => {
      const said = responseOf(mechanism, authentication.user, token, place);
      const { status } = await dialogue.sendCommand(`AUTH ${mechanism} ${said}`);
      if (status !== 334) return status;
      return (await dialogue.sendCommand(mechanism === 'OAUTHBEARER' ? KEEP_QUIET : '')).status;
    };
    let status = await say(token);
    if (status === 535 || status === 534) status = await say(await authentication.token(token));
    if (status >= 200 && status < 300) dialogue.resolve();
    else dialogue.reject(new Error('Invalid login'));
  };
}

/** RFC 7628 §3.2.3: a dummy answer to the reasons of a refusal. */
const KEEP_QUIET = Buffer.from('\u0001').toString('base64');

/** The initial response (RFC 7628 §3.1), in base64. */
function responseOf(
  mechanism: string,
  user: string,
  token: string,
  { host, port }: LoginPlace,
): string {
  const text =
    mechanism === 'OAUTHBEARER'
      ? `n,a=${saslName(user)},\u0001host=${host}\u0001port=${port}\u0001auth=Bearer ${token}\u0001\u0001`
      : `user=${user}\u0001auth=Bearer ${token}\u0001\u0001`;
  return Buffer.from(text).toString('base64');
}

/** RFC 5801 §4: comma and equals sign are written otherwise. */
function saslName(user: string): string {
  return user.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
