/**
 * A next hop of the configuration, with the files that it names: certificates to believe
 * are read now, the password at each login, so that it can change.
 */
import { readFile } from 'node:fs/promises';
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
    readonly password: SecretPlace;
    readonly allowWithoutTls: boolean;
  };
}

/** As @posthouse/smtp wants it. */
export interface NextHopTarget {
  readonly endpoint: NextHopPlace['endpoint'];
  readonly tls: {
    readonly mode: NextHopPlace['tls'];
    readonly verify: boolean;
    readonly ca?: string;
  };
  readonly authentication?: {
    readonly user?: string;
    password(): Promise<string>;
    readonly allowWithoutTls: boolean;
  };
}

/** @throws ExitError `configuration` where the certificates cannot be read */
export async function readNextHop(place: NextHopPlace): Promise<NextHopTarget> {
  const { caFile, credentials, endpoint, tls: mode, verify } = place;
  return {
    endpoint,
    tls: { mode, verify, ...(caFile !== undefined && { ca: await readAuthorities(caFile) }) },
    ...(credentials && {
      authentication: {
        ...(credentials.user !== undefined && { user: credentials.user }),
        password: () => readSecret(credentials.password),
        allowWithoutTls: credentials.allowWithoutTls,
      },
    }),
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
