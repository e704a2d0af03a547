/**
 * What became of TLS with a host, connection by connection, for whoever keeps account of it.
 *
 * Told once for each connection that came as far as STARTTLS or past it. A connection that
 * was made again without TLS is one, with the fault of the first. Pure.
 *
 * The words of `fault` are those of RFC 8460 §4.3.
 */
import type { MailError, RemoteHost, TlsFacts } from '@posthouse/mail';
import type { Established } from './handshake.ts';

/** One connection. */
export interface TlsOutcome {
  readonly host: RemoteHost;
  /** Ours, where it is known. */
  readonly localAddress?: string;
  /** Absent: the connection stands in the clear, or was given up. */
  readonly tls?: TlsFacts;
  /** Absent: it is as it was wanted. */
  readonly fault?: { readonly kind: string; readonly reason: string };
}

/** Gets each. It must not throw. */
export type OnTls = (outcome: TlsOutcome) => void;

/** Of a connection that stands. @param broken why TLS was left out of it */
export function outcomeOfSession(established: Established, broken?: MailError): TlsOutcome {
  const { host, socket, tls, verdict } = established;
  const { localAddress } = socket;
  const fault =
    verdict?.kind === 'wrong'
      ? { kind: verdict.fault, reason: verdict.reason }
      : broken !== undefined
        ? faultOf(broken)
        : tls === undefined
          ? { kind: 'starttls-not-supported', reason: 'STARTTLS is not offered' }
          : undefined;
  return {
    host,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(tls === undefined ? {} : { tls }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** Of a connection that was given up because of its TLS. */
export function outcomeOfRefusal(error: MailError, host: RemoteHost): TlsOutcome {
  return { host: error.host ?? host, fault: faultOf(error) };
}

function faultOf({ fields, heard, message }: MailError): NonNullable<TlsOutcome['fault']> {
  if (typeof fields['fault'] === 'string') return { kind: fields['fault'], reason: message };
  // The peer answered STARTTLS in words: it does not do it.
  const kind = heard === undefined ? 'validation-failure' : 'starttls-not-supported';
  const error = typeof fields['error'] === 'string' ? `: ${fields['error']}` : '';
  return { kind, reason: `${message}${error}` };
}
