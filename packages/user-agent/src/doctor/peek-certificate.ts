/**
 * Looks at the certificate that a submission server shows, whether it is trusted or not.
 *
 * The SMTP client tells whether it trusts a server, not why not and for how much longer;
 * so this goes to the TLS handshake by itself, in the few lines that STARTTLS needs, and
 * leaves. Where it does not get that far it answers `undefined`: the client's own error
 * says more.
 *
 * RFC 3207 §4; RFC 5321 §4.2 (a reply's last line has a space after the code).
 */
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { PeerCertificate } from 'node:tls';

/** What a certificate says. */
export interface CertificateFacts {
  /** The names that it is for. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
}

export interface PeekTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'required';
}

const MAX_REPLY_OCTETS = 65_536;

/** Looks. Never throws. */
export async function peekCertificate(
  target: PeekTarget,
  timeoutMs: number,
): Promise<CertificateFacts | undefined> {
  const socket = connect({ host: target.host, port: target.port });
  socket.on('error', () => undefined); // it closes, which is what is waited for
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timed out')));
  try {
    if (target.tls === 'required') await startTls(socket);
    return await handshake(socket, target.host);
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function startTls(socket: Socket): Promise<void> {
  await completion(socket);
  for (const command of ['EHLO localhost', 'STARTTLS']) {
    const answered = completion(socket);
    socket.write(`${command}\r\n`);
    await answered;
  }
}

/** Waits for a whole reply. @throws Error it is not 2yz, or the connection ended */
function completion(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (error?: Error): void => {
      socket.off('data', onData).off('close', onClose).pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    const onClose = (): void => settle(new Error('closed'));
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      const last = /(?:^|\n)(\d{3})(?: [^\n]*)?\r?\n$/.exec(text);
      if (last !== null)
        settle(last[1]?.startsWith('2') === true ? undefined : new Error('refused'));
      else if (text.length > MAX_REPLY_OCTETS) settle(new Error('no reply'));
    };
    socket.on('data', onData).on('close', onClose).resume();
  });
}

function handshake(socket: Socket, host: string): Promise<CertificateFacts> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: false, // to look at it: nothing is said over this connection
    });
    socket.once('close', () => reject(new Error('closed')));
    secure.once('error', reject);
    secure.once('secureConnect', () => resolve(factsOf(secure.getPeerCertificate())));
  });
}

function factsOf(certificate: PeerCertificate): CertificateFacts {
  const names = certificate.subjectaltname?.split(', ').map((name) => name.replace(/^[^:]*:/, ''));
  const { CN, O } = certificate.issuer;
  return {
    names: names ?? [certificate.subject.CN ?? []].flat(),
    issuer: [O ?? CN ?? 'nobody'].flat().join(' '),
    validFrom: Date.parse(certificate.valid_from),
    validTo: Date.parse(certificate.valid_to),
  };
}
