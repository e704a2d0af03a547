/**
 * What a peer's certificate says, and why it is not valid where it is not, for people: whoever
 * shows it connects without demanding that it is. Nothing is decided by it.
 *
 * RFC 5280 §4.1.2; RFC 9525 §6 (the names that count).
 */
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';

/** Plain data. */
export interface CertificateFacts {
  /** Whom it is for, in a word. */
  readonly subject: string;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
  /** Why it is not valid for the peer's name, as OpenSSL or Node call it; absent: it is. */
  readonly problem?: string;
}

/** Of the other end of this socket; `undefined` without TLS, and on a socket that is gone. */
export function certificateOf(socket: Socket): CertificateFacts | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  // Boundary: it is null on a socket that is gone, and empty where nothing was shown.
  const shown = socket.getPeerCertificate() as Partial<
    ReturnType<TLSSocket['getPeerCertificate']>
  > | null;
  if (shown?.subject === undefined || shown.issuer === undefined) return undefined;
  const { issuer, subject, subjectaltname, valid_from: from, valid_to: to } = shown;
  const names = subjectaltname?.split(', ').map((name) => name.replace(/^[^:]*:/, '')) ?? [];
  const common = [subject.CN ?? []].flat();
  const problem = socket.authorized ? undefined : problemOf(socket);
  return {
    subject: common[0] ?? names[0] ?? 'nobody',
    names: names.length > 0 ? names : common,
    issuer: [issuer.O ?? issuer.CN ?? 'nobody'].flat().join(' '),
    validFrom: Date.parse(from ?? ''),
    validTo: Date.parse(to ?? ''),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Declared an Error; it is that error's code. */
function problemOf({ authorizationError }: TLSSocket): string {
  const error: unknown = authorizationError;
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : 'not verified';
}
