/**
 * Where to submit, and as whom: plain options, and what the SMTP client makes of them.
 *
 * RFC 6409 §3.1; RFC 8314 §3.
 */
import { hostname } from 'node:os';
import { parseDomain } from '@posthouse/mail';
import type { Domain } from '@posthouse/mail';
import type { ConnectTarget, OutboundTimeouts, TargetAuthentication } from '@posthouse/smtp';

/** A server for submission. A `Provider` has the first three. */
export interface SubmissionServer {
  /** A name or an IP address. */
  readonly host: string;
  readonly port: number;
  /**
   * `implicit`: TLS from the first octet. `required`: STARTTLS. `off`: none. The certificate must be
   * valid for the host; there is no way to leave that unchecked.
   */
  readonly tls: 'implicit' | 'required' | 'off';
  /** Trusted certificates in PEM. @default the ones that Node brings */
  readonly ca?: string | undefined;
  /** Absent: no login. */
  readonly login?: SubmissionLogin | undefined;
  /** Our name in EHLO. @default this machine's */
  readonly greeting?: Domain | undefined;
  /** @default those of RFC 5321 §4.5.3.2, but a minute or less until the server is ready */
  readonly timeouts?: Partial<OutboundTimeouts> | undefined;
}

export type SubmissionLogin = PasswordLogin | TokenLogin;

/** With an OAuth 2 access token: XOAUTH2 or OAUTHBEARER. */
export interface TokenLogin {
  readonly user: string;
  /** Asked once more, with the token that was refused, where the server refuses it. */
  readonly token: (refused?: string) => Promise<string>;
  /** Shows the token to everybody on the way, where there is no TLS. @default false */
  readonly allowWithoutTls?: boolean | undefined;
}

export interface PasswordLogin {
  readonly user: string;
  readonly password: string | (() => string | Promise<string>);
  /** Shows the password to everybody on the way, where there is no TLS. @default false */
  readonly allowWithoutTls?: boolean | undefined;
}

/** Somebody waits, and a port of the other kind of TLS is silent for ever. */
const IMPATIENT: Partial<OutboundTimeouts> = {
  connectMs: 20_000,
  greetingMs: 60_000,
  commandMs: 60_000,
  tlsMs: 30_000,
};

/** The same, as the client wants it. */
export function targetOf(server: SubmissionServer): ConnectTarget {
  const { login } = server;
  return {
    protocol: 'smtp',
    endpoint: { host: server.host, port: server.port },
    greeting: server.greeting ?? parseDomain(hostname()) ?? LOCALHOST,
    tls: {
      mode: server.tls,
      verify: true,
      ...(server.ca === undefined ? {} : { ca: server.ca }),
    },
    ...(login === undefined ? {} : { authentication: authenticationOf(login) }),
    timeouts: { ...IMPATIENT, ...server.timeouts },
  };
}

function authenticationOf(login: SubmissionLogin): TargetAuthentication {
  const { allowWithoutTls = false, user } = login;
  if ('token' in login) return { user, token: login.token, allowWithoutTls };
  const { password } = login;
  return {
    user,
    password: () => (typeof password === 'string' ? password : password()),
    allowWithoutTls,
  };
}

const LOCALHOST = parseDomain('localhost') as Domain; // parsed boundary: it is one
