/**
 * Whom to connect to, and how: plain options of one outbound session.
 *
 * Two targets with one key may share connections; anything that changes what a session
 * is allowed to carry (name, TLS, login, source address, context) is part of the key.
 */
import type { X509Certificate } from 'node:crypto';
import type { Domain, RemoteHost, TlsFacts } from '@posthouse/mail';
import type { OutboundTimeouts } from './timeouts.ts';

/** Where a peer listens. */
export type Endpoint =
  | {
      /** IP address, or a name that the system resolves. */
      readonly host: string;
      readonly port: number;
    }
  | {
      /** A unix socket. */
      readonly path: string;
    };

/** What TLS a session must have. */
export interface TargetTls {
  /**
   * `off`: never. `opportunistic`: STARTTLS where offered; where it breaks, a new connection
   * without (RFC 7435). `required`: STARTTLS or no session. `implicit`: TLS from the first octet.
   */
  readonly mode: 'off' | 'opportunistic' | 'required' | 'implicit';
  /**
   * Whether the peer's certificate must be valid for its name. Counts for `required` and
   * `implicit`; opportunistic TLS takes any certificate and records what it was.
   */
  readonly verify: boolean;
  /** Certificates in PEM to trust beside those that Node brings. */
  readonly ca?: string;
  /**
   * Judges the peer's certificates in place of `verify`. In `required` and `implicit` mode a peer
   * that is not the right one hears nothing but EHLO; in `opportunistic` mode it is only reported.
   */
  readonly identity?: PeerIdentity;
  /** `opportunistic`: whether a TLS that broke is left out of another connection. @default true */
  readonly fallsBack?: boolean;
}

/** Decides by certificates whether a peer is the one that is meant. */
export interface PeerIdentity {
  /** Equal where the same is demanded: who demands the same may share connections. */
  readonly key: string;
  /** Pure and quick. */
  judge(peer: PeerCertificates): PeerVerdict;
}

/** What a peer showed. */
export interface PeerCertificates {
  /** Its own first, then each one's issuer as far as it is known. */
  readonly chain: readonly X509Certificate[];
  /** Why no authority that is trusted vouches for them, in OpenSSL's code; absent where one does. */
  readonly distrust?: string;
}

/** Whether it is the right peer. */
export type PeerVerdict =
  | { readonly kind: 'right'; readonly by: NonNullable<TlsFacts['verifiedBy']> }
  /** `fault` is a word for programs, `reason` one for people. */
  | { readonly kind: 'wrong'; readonly fault: string; readonly reason: string };

export type TargetAuthentication = PasswordAuthentication | TokenAuthentication;

export interface PasswordAuthentication {
  /** @default the password, which then stands for both */
  readonly user?: string;
  /** Asked for each login, so that the secret can live elsewhere and change. */
  password(): string | Promise<string>;
  /** Lets the login go over a connection without TLS to a TCP endpoint. @default false */
  readonly allowWithoutTls?: boolean;
}

/** XOAUTH2 or OAUTHBEARER (RFC 7628). */
export interface TokenAuthentication {
  readonly user: string;
  /** An access token; once more, with the one that was refused, where the peer refuses it. */
  token(refused?: string): Promise<string>;
  /** As for passwords. @default false */
  readonly allowWithoutTls?: boolean;
}

/** One next host. */
export interface ConnectTarget {
  readonly protocol: 'smtp' | 'lmtp';
  readonly endpoint: Endpoint;
  /** The peer's name: for SNI, for its certificate and in reports. @default the endpoint's host */
  readonly servername?: string;
  /** Our name in EHLO and LHLO. */
  readonly greeting: Domain;
  readonly tls: TargetTls;
  readonly authentication?: TargetAuthentication;
  /** Source address. */
  readonly localAddress?: string;
  readonly timeouts?: Partial<OutboundTimeouts>;
  /** Tells the peer the transfer context where it offers XPOSTHOUSE: for our own agents only. @default false */
  readonly shareContext?: boolean;
  /** Sends content with BDAT where the peer offers CHUNKING. @default true */
  readonly chunking?: boolean;
}

/** The name under which a target is spoken of. */
export function nameOfTarget(target: ConnectTarget): string {
  if (target.servername !== undefined) return target.servername;
  return 'path' in target.endpoint ? target.endpoint.path : target.endpoint.host;
}

/** The host of a target, as far as it is known before a connection stands. */
export function hostOfTarget(target: ConnectTarget): RemoteHost {
  return { name: nameOfTarget(target) };
}

const keys = new WeakMap<ConnectTarget, string>();

/** Equal for targets that may share connections. */
export function targetKey(target: ConnectTarget): string {
  const known = keys.get(target);
  if (known !== undefined) return known;
  const { tls, authentication } = target;
  const key = JSON.stringify([
    target.protocol,
    target.endpoint,
    nameOfTarget(target),
    target.greeting,
    [tls.mode, tls.verify, tls.ca, tls.identity?.key, tls.fallsBack ?? true],
    [authentication?.user, authentication?.allowWithoutTls],
    target.localAddress,
    target.shareContext ?? false,
    target.chunking ?? true,
    target.timeouts,
  ]);
  keys.set(target, key);
  return key;
}
