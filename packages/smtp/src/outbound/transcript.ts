/**
 * The conversation with a peer, told line by line to whoever wants to show it.
 *
 * What stands in it is fit to be shown: what was said to log in is left out here, where it
 * is known what that is, control characters are gone from the peer's words, and of the
 * content only its length is told. Nobody listens unless asked: it costs nothing then.
 *
 * RFC 4954 §4 (what follows AUTH, and the answers to its challenges, is secret).
 */
import { formatReply } from '@posthouse/mail';
import type { RemoteHost, Reply, TlsFacts } from '@posthouse/mail';

/** One line. */
export interface TranscriptLine {
  /** `noted`: nobody said it; it happened between the lines: a connection, TLS, content. */
  readonly direction: 'sent' | 'received' | 'noted';
  /** Without its line end. */
  readonly text: string;
}

/** Gets each line at once. It must not throw. */
export type OnLine = (line: TranscriptLine) => void;

interface Connection {
  readonly host: RemoteHost;
  readonly tls?: TlsFacts;
}

const HIDDEN = '(hidden)';
const MAX_QUOTED = 80;

/** Tells each line of a reply. */
export function tellReply(onLine: OnLine | undefined, reply: Reply): void {
  if (onLine === undefined) return;
  for (const text of formatReply(reply)) onLine({ direction: 'received', text });
}

/** Tells what the peer said that is no reply. */
export function tellNoise(onLine: OnLine | undefined, text: string): void {
  onLine?.({ direction: 'noted', text: `No SMTP: ${JSON.stringify(text.slice(0, MAX_QUOTED))}` });
}

/** Tells what was said while logging in: the mechanism, and nothing else. */
export function tellLogin(onLine: OnLine | undefined, line: string): void {
  const command = /^AUTH \S+/i.exec(line)?.[0];
  const rest = command === undefined || line.length > command.length ? HIDDEN : '';
  onLine?.({ direction: 'sent', text: [command, rest].filter(Boolean).join(' ') });
}

/** Tells a connection that stands, with its TLS where that comes first. */
export function tellConnection(onLine: OnLine | undefined, { host, tls }: Connection): void {
  const { name, address } = host;
  const where = address === undefined || address === name ? name : `${name} [${address}]`;
  onLine?.({ direction: 'noted', text: `Connected to ${where}` });
  if (tls !== undefined) tellTls(onLine, tls);
}

/** Tells a handshake of TLS. */
export function tellTls(onLine: OnLine | undefined, tls: TlsFacts): void {
  const { version, cipher, verified, verifiedBy } = tls;
  const proof = verified ? `verified${verifiedBy === 'dane' ? ' by DANE' : ''}` : 'not verified';
  const text = `${version} with ${cipher}, certificate ${proof}`;
  onLine?.({ direction: 'noted', text });
}
