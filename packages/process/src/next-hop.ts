/**
 * A next hop of the configuration, with the files that it names: certificates to believe
 * are read now, the password at each login, so that it can change.
 */
import { readFile } from 'node:fs/promises';
import { createAccessToken } from '@posthouse/access-token';
import type { AccessToken, TokenCommand, TokenEndpoint } from '@posthouse/access-token';
import { systemClock } from '@posthouse/mail';
import { ExitError } from './exit-code.ts';
import { readSecret } from './secret.ts';
import type { SecretPlace } from './secret.ts';

/** As @posthouse/configuration gives it. */
export interface NextHopPlace {
  readonly endpoint: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly tls: 'off' | 'opportunistic' | 'required' | 'implicit';
  readonly verify: boolean;
  readonly caFile?: string;
  readonly credentials?: {
    readonly user?: string;
    readonly allowWithoutTls: boolean;
  } & ({ readonly password: SecretPlace } | { readonly token: TokenPlace });
}

/** Where access tokens come from; as @posthouse/configuration gives it. */
export type TokenPlace =
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeoutMs: number }
  | {
      readonly kind: 'endpoint';
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret?: SecretPlace;
      readonly refreshToken: SecretPlace;
      readonly scope?: string;
      readonly timeoutMs: number;
    };

/** As @posthouse/smtp wants it. */
export interface NextHopTarget {
  readonly endpoint: NextHopPlace['endpoint'];
  readonly tls: {
    readonly mode: NextHopPlace['tls'];
    readonly verify: boolean;
    readonly ca?: string;
  };
  readonly authentication?:
    | {
        readonly user?: string;
        password(): Promise<string>;
        readonly allowWithoutTls: boolean;
      }
    | { readonly user: string; readonly token: AccessToken; readonly allowWithoutTls: boolean };
}

/** @throws ExitError `configuration` where the certificates cannot be read */
export async function readNextHop(place: NextHopPlace): Promise<NextHopTarget> {
  const { caFile, credentials, endpoint, tls: mode, verify } = place;
  return {
    endpoint,
    tls: { mode, verify, ...(caFile !== undefined && { ca: await readAuthorities(caFile) }) },
    ...(credentials && { authentication: authenticationOf(credentials) }),
  };
}

function authenticationOf(
  credentials: NonNullable<NextHopPlace['credentials']>,
): NonNullable<NextHopTarget['authentication']> {
  const { allowWithoutTls, user } = credentials;
  if ('token' in credentials) {
    if (user === undefined) throw new TypeError('a token needs a user name');
    const token = createAccessToken(tokenSource(credentials.token), { clock: systemClock });
    return { user, token, allowWithoutTls };
  }
  return {
    ...(user !== undefined && { user }),
    password: () => readSecret(credentials.password),
    allowWithoutTls,
  };
}

/** Its secrets are read at each request, so that they can change. */
function tokenSource(place: TokenPlace): TokenCommand | TokenEndpoint {
  if (place.kind === 'command') return place;
  const { clientSecret, refreshToken, ...rest } = place;
  return {
    ...rest,
    ...(clientSecret !== undefined && { clientSecret: () => readSecret(clientSecret) }),
    refreshToken: () => readSecret(refreshToken),
  };
}

/** Certificates to believe. @throws ExitError `configuration` where they cannot be read */
export async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExitError('configuration', `The certificates cannot be read: ${reason}`, error);
  }
}
