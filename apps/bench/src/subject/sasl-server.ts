/**
 * Says yes to every login with the one password, and no to all others, of a peer that asks an authentication server the way Dovecot's is
 * asked (its authentication protocol, version 1.1), so that no such server must be installed.
 *
 * A login happens once a session, thousands of messages apart: what it costs is not what
 * is measured.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

const GREETING = `VERSION\t1\t1
MECH\tPLAIN\tplaintext
SPID\t1
CUID\t1
COOKIE\t0123456789abcdef0123456789abcdef
DONE
`;

/** The password of every account. */
export const PASSWORD = 'bench-secret';

/** A server on loopback. */
export interface SaslServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one on a free port. */
export function startSaslServer(): Promise<SaslServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.setEncoding('utf8');
    socket.write(GREETING);
    let text = '';
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) answer(socket, line);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : 0,
        stop: () => end(server, open),
      });
    });
  });
}

function end(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  for (const socket of open) socket.destroy();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function answer(socket: Socket, line: string): void {
  const [verb, id, ...fields] = line.split('\t');
  if (verb !== 'AUTH') return;
  const response = fields.find((field) => field.startsWith('resp='))?.slice(5) ?? '';
  const [, user = '', password] = Buffer.from(response, 'base64').toString().split('\0');
  const verdict = password === PASSWORD ? 'OK' : 'FAIL';
  socket.write(`${verdict}\t${id ?? ''}\tuser=${user}\n`);
}
