/**
 * A next hop: another host that takes mail from us, and how we speak to it.
 *
 * The TLS mode that is not given is the safest that works: `implicit` on port 465,
 * `required` where we log in, `opportunistic` elsewhere. A password is not sent in the
 * clear, except over loopback or a local socket.
 */
import { isThisHost } from '@posthouse/mail';
import type { z } from 'zod';
import * as field from './field.ts';
import { missing, strictTable } from './rule.ts';
import type { Breach, OptionalShape, RawTable } from './rule.ts';
import { namesSecret, secretOf, secretRule, secretShape } from './secret.ts';
import type { Secret, SecretKeys } from './secret.ts';
import type { Surroundings } from './surroundings.ts';

/** `implicit`: TLS from the first octet; `required`: STARTTLS or nothing. */
export type TlsMode = 'off' | 'opportunistic' | 'required' | 'implicit';

/** Where mail goes next. */
export interface NextHop {
  readonly endpoint: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly tls: TlsMode;
  /** Whether the certificate must be valid for the host's name. */
  readonly verify: boolean;
  /** More certificate authorities (PEM) to believe, absolute path. @default tls.ca_file */
  readonly caFile?: string;
  readonly credentials?: {
    /** Absent: the password is the name, too (a token of Postmark). */
    readonly user?: string;
    readonly password: Secret;
    /** The host is this one: nobody on the way can listen. */
    readonly allowWithoutTls: boolean;
  };
}

const IMPLICIT_TLS_PORT = 465;

/** A user that nobody can write, for logins whose name is the password. */
export const SAME_AS_PASSWORD = '';

/** The table of a next hop. */
export function nextHopField(around: Surroundings): z.ZodType<NextHop> {
  return strictTable(nextHopShape(around), nextHopRule).transform((table) =>
    nextHopOf(table, around),
  );
}

/** The keys of a next hop, as they were read. */
export interface NextHopKeys extends SecretKeys {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly socket?: string | undefined;
  readonly tls?: TlsMode | undefined;
  readonly verify?: boolean | undefined;
  readonly ca_file?: string | undefined;
  readonly user?: string | undefined;
}

/** Fields for the keys of a next hop. */
export function nextHopShape(around: Surroundings): OptionalShape<NextHopKeys> {
  return {
    host: field.host('Name or IP address of the host.', 'smtp.example.com').optional(),
    port: field.count('Port of the host.', 587, [1, 65_535]).optional(),
    socket: field
      .path('Unix socket or named pipe, in place of host and port.', '/run/relay.sock', around)
      .optional(),
    tls: field
      .oneOf('TLS towards the host.', 'off', 'opportunistic', 'required', 'implicit')
      .optional(),
    verify: field
      .flag(
        'Whether its certificate must be valid for its name; the default where TLS is required.',
        true,
      )
      .optional(),
    ca_file: field
      .path(
        'More certificate authorities to believe (PEM); those of tls.ca_file if not given.',
        'tls/ca.pem',
        around,
      )
      .optional(),
    user: field.text('Name to log in with.', 'relay').optional(),
    ...secretShape(around),
  };
}

export function nextHopRule(table: RawTable): readonly Breach[] {
  return [...endpointRule(table), ...credentialsRule(table), ...secretRule(table)];
}

export function nextHopOf(table: NextHopKeys, around: Surroundings): NextHop {
  const { host = '', port = 0, socket, user, ca_file: caFile = around.caFile } = table;
  const password = secretOf(table);
  const isLogin = user !== undefined && password !== undefined;
  const tls = table.tls ?? defaultTls(port, isLogin && socket === undefined);
  return {
    endpoint: socket === undefined ? { host, port } : { path: socket },
    tls,
    verify: table.verify ?? (tls === 'required' || tls === 'implicit'),
    ...(caFile === undefined ? {} : { caFile }),
    ...(isLogin ? { credentials: credentialsOf(user, password, isLocal(table)) } : {}),
  };
}

function credentialsOf(
  user: string,
  password: Secret,
  allowWithoutTls: boolean,
): NonNullable<NextHop['credentials']> {
  return { ...(user === SAME_AS_PASSWORD ? {} : { user }), password, allowWithoutTls };
}

function defaultTls(port: number, isLogin: boolean): TlsMode {
  if (port === IMPLICIT_TLS_PORT) return 'implicit';
  return isLogin ? 'required' : 'opportunistic';
}

function endpointRule(table: RawTable): readonly Breach[] {
  const has = (key: string): boolean => table[key] !== undefined;
  if (has('socket')) {
    const other = has('host') ? 'host' : has('port') ? 'port' : undefined;
    const text = `\`${other}\` and \`socket\` exclude each other`;
    return other === undefined ? [] : [{ path: [other], text, fix: 'Keep one of the two' }];
  }
  const because = 'a next hop is a host and port, or a socket';
  return [
    ...(has('host') ? [] : [missing('host', '"smtp.example.com"', because)]),
    ...(has('port') ? [] : [missing('port', '587', because)]),
  ];
}

function credentialsRule(table: RawTable): readonly Breach[] {
  const hasUser = table['user'] !== undefined;
  const isOpen = table['tls'] === 'off' || table['tls'] === 'opportunistic';
  const text = 'The password could travel in the clear';
  const fix = 'Write tls = "required", or leave the line out';
  return [
    ...(hasUser && !namesSecret(table)
      ? [missing('password_file', '"secrets/relay"', '`user` needs a password')]
      : []),
    ...(!hasUser && namesSecret(table)
      ? [missing('user', '"relay"', 'a password needs a name to log in with')]
      : []),
    ...(hasUser && isOpen && !isLocal(table) ? [{ path: ['tls'], text, fix }] : []),
  ];
}

function isLocal(table: { readonly host?: unknown; readonly socket?: unknown }): boolean {
  const { host, socket } = table;
  return socket !== undefined || (typeof host === 'string' && isThisHost(host));
}
