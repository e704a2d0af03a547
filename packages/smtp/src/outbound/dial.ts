/**
 * Opens the connection: TCP or a unix socket, with implicit TLS where it is wanted.
 *
 * Nodemailer could dial too, but knows no unix sockets, caches names for the whole
 * process and has no abort. Failure is transient: `next-hop-unreachable` with the system's
 * error code, or `next-hop-tls`. A socket that was opened in vain is destroyed.
 */
import { connect as connectSocket, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates } from 'node:tls';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { asMailError, refuse } from '@posthouse/mail';
import type { Clock, MailError, RefusalName, RemoteHost, TlsFacts } from '@posthouse/mail';
import { hostOfTarget, nameOfTarget } from './connect-target.ts';
import type { ConnectTarget, PeerVerdict, TargetTls } from './connect-target.ts';
import type { OutboundTimeouts } from './timeouts.ts';

/** A socket that is connected, and whom it is connected to. */
export interface Dialled {
  readonly socket: Socket;
  readonly host: RemoteHost;
  /** Of implicit TLS. */
  readonly tls?: TlsFacts;
}

/** Dials. @throws MailError `next-hop-unreachable`, `next-hop-tls`, or what the signal says */
export async function dial(
  target: ConnectTarget,
  timeouts: OutboundTimeouts,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Dialled> {
  const { endpoint, localAddress } = target;
  if (signal?.aborted === true) throw asMailError(signal.reason);
  const waiting = { clock, signal, host: hostOfTarget(target) };
  const plain = connectSocket(
    'path' in endpoint
      ? { path: endpoint.path }
      : {
          host: endpoint.host,
          port: endpoint.port,
          // A name may have addresses of the other family, which cannot be reached from ours.
          ...(localAddress === undefined ? {} : { localAddress, family: isIP(localAddress) }),
        },
  );
  plain.on('error', () => undefined); // never without a listener, whoever owns it
  await ready(plain, 'connect', {
    ...waiting,
    waitMs: timeouts.connectMs,
    refusal: 'next-hop-unreachable',
  });
  plain.setNoDelay(true);
  const address = plain.remoteAddress;
  const host = { name: nameOfTarget(target), ...(address === undefined ? {} : { address }) };
  if (target.tls.mode !== 'implicit') return { socket: plain, host };
  const secure = connectTls({ socket: plain, ...tlsOptions(target) });
  secure.on('error', () => undefined);
  await ready(secure, 'secureConnect', {
    ...waiting,
    waitMs: timeouts.tlsMs,
    refusal: 'next-hop-tls',
  });
  return { socket: secure, host, tls: tlsFacts(secure) };
}

/** What `tls.connect` is told for a target, for implicit TLS and STARTTLS alike. */
export function tlsOptions(target: ConnectTarget): ConnectionOptions {
  const local = 'path' in target.endpoint && target.servername === undefined;
  const name = local ? 'localhost' : nameOfTarget(target);
  return {
    host: name, // an IP address is checked against the certificate's addresses
    ...(isIP(name) === 0 ? { servername: name } : {}),
    secureContext: contextOf(target),
    ...verificationOf(target.tls),
  };
}

/** With a judge TLS itself only says whether the authorities vouch; names are the judge's. */
function verificationOf({ identity, mode, verify }: TargetTls): ConnectionOptions {
  if (identity === undefined) return { rejectUnauthorized: verify && mode !== 'opportunistic' };
  return { rejectUnauthorized: false, checkServerIdentity: () => undefined };
}

const contexts = new WeakMap<ConnectTarget, SecureContext>();

/** Made once for a target: reading all certificates that are trusted takes milliseconds. */
function contextOf(target: ConnectTarget): SecureContext {
  const known = contexts.get(target);
  if (known !== undefined) return known;
  const { ca } = target.tls;
  const context = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] }),
  });
  contexts.set(target, context);
  return context;
}

/** What a handshake came to; the verdict counts where somebody judged. */
export function tlsFacts(socket: TLSSocket, verdict?: PeerVerdict): TlsFacts {
  const by = verdict === undefined ? (socket.authorized ? 'pki' : undefined) : rightBy(verdict);
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher()?.standardName ?? 'unknown', // none on a socket that is gone already
    verified: by !== undefined,
    ...(by === undefined ? {} : { verifiedBy: by }),
  };
}

function rightBy(verdict: PeerVerdict): TlsFacts['verifiedBy'] {
  return verdict.kind === 'right' ? verdict.by : undefined;
}

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly host: RemoteHost;
  readonly waitMs: number;
  readonly refusal: Extract<RefusalName, 'next-hop-unreachable' | 'next-hop-tls'>;
}

/** Waits for the socket's event; anything else destroys the socket and rejects. */
function ready(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  waiting: Waiting,
): Promise<void> {
  const { clock, signal, host, waitMs, refusal } = waiting;
  return new Promise((resolve, reject) => {
    const settle = (error?: MailError): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      socket.off(event, onReady).off('close', onClose);
      socket.off('error', onError);
      if (error === undefined) return resolve();
      socket.destroy();
      reject(error);
    };
    const onReady = (): void => settle();
    const onError = (cause: Error): void => settle(refusalOf(refusal, host, cause));
    const onClose = (): void => settle(refusalOf(refusal, host));
    const onAbort = (): void => settle(asMailError(signal?.reason));
    const timer = clock.after(waitMs, () =>
      settle(refusalOf(refusal, host, new Error('took too long'))),
    );
    socket.on(event, onReady).on('error', onError).on('close', onClose);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
  });
}

function refusalOf(name: Waiting['refusal'], host: RemoteHost, cause?: Error): MailError {
  const code = cause !== undefined && 'code' in cause ? cause.code : undefined;
  return refuse(name, {
    host,
    scope: 'host',
    fields: { error: typeof code === 'string' ? code : cause?.message },
    ...(cause === undefined ? {} : { cause }),
  });
}
