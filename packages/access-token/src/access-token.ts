/**
 * An access token, kept until shortly before it expires or until a server refuses it.
 *
 * Who asks while a token is being got waits for the same one. A failure is thrown to all of them
 * and not kept. No token is ever logged, nor any part of an answer that could hold one.
 */
import { refuse } from '@posthouse/mail';
import type { Clock } from '@posthouse/mail';
import { askCommand } from './token-command.ts';
import type { TokenCommand } from './token-command.ts';
import { askEndpoint } from './token-endpoint.ts';
import type { TokenEndpoint } from './token-endpoint.ts';
import type { TokenAnswer } from './token-answer.ts';

/**
 * The token to log in with.
 * @param refused the one that a server has just refused: then another one is got
 * @throws MailError `next-hop-authentication`, transient: there is none at the moment
 */
export type AccessToken = (refused?: string) => Promise<string>;

export interface AccessTokenDeps {
  readonly clock: Clock;
}

/** A token is renewed so long before it expires: a login may take that long. */
const MARGIN_MS = 60_000;

/** Makes the token's keeper. Nothing is asked before the first login. */
export function createAccessToken(
  place: TokenCommand | TokenEndpoint,
  { clock }: AccessTokenDeps,
): AccessToken {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;

  async function renew(): Promise<string> {
    try {
      const { expiresInMs, token } = await ask(place);
      kept = { token, until: clock.now() + (expiresInMs ?? Infinity) - MARGIN_MS };
      return token;
    } catch (cause) {
      throw refuse('next-hop-authentication', {
        text: 'There is no access token to log in with at the moment',
        scope: 'host',
        cause,
        fields: { error: cause instanceof Error ? cause.message : String(cause) },
      });
    } finally {
      asking = undefined;
    }
  }

  return async (refused) => {
    if (kept !== undefined && kept.token !== refused && kept.until > clock.now()) return kept.token;
    return (asking ??= renew());
  };
}

function ask(place: TokenCommand | TokenEndpoint): Promise<TokenAnswer> {
  return place.kind === 'command' ? askCommand(place) : askEndpoint(place);
}
