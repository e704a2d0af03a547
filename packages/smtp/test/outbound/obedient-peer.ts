/**
 * The least server that keeps SMTP and LMTP: takes every message, refuses recipients
 * whose local-part begins with `refused`, and remembers copies. For the contract suite
 * and for measuring; what goes wrong is played by scripted peers.
 */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

export interface ObedientPeer {
  readonly port: number;
  readonly connections: number;
  /** One for each recipient of each message that was ended. */
  readonly copies: readonly { readonly recipient: string; readonly bytes: Buffer }[];
  /** Ends every connection, as an idle peer does. */
  hangUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface ObedientPeerOptions {
  readonly protocol: 'smtp' | 'lmtp';
  readonly offers?: readonly string[];
}

export async function startObedientPeer(options: ObedientPeerOptions): Promise<ObedientPeer> {
  const sockets = new Set<Socket>();
  const copies: { recipient: string; bytes: Buffer }[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    serve(socket, options, (recipient, bytes) => copies.push({ recipient, bytes }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get connections() {
      return connections;
    },
    copies,
    hangUp: async () => {
      const gone = [...sockets].map(
        (socket) => new Promise((resolve) => socket.once('close', resolve)),
      );
      for (const socket of sockets) socket.destroy();
      await Promise.all(gone);
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Keep = (recipient: string, bytes: Buffer) => void;

function serve(socket: Socket, { protocol, offers = [] }: ObedientPeerOptions, keep: Keep): void {
  let held: Buffer = Buffer.alloc(0);
  let recipients: string[] = [];
  let chunks: Buffer[] = [];
  let inData = false;
  let out = '';

  const taken = (content: Buffer): void => {
    for (const recipient of recipients) keep(recipient, content);
    const replies = protocol === 'lmtp' ? recipients.length : 1;
    out += '250 2.0.0 taken\r\n'.repeat(replies);
    recipients = [];
    chunks = [];
  };
  /** Takes the content of DATA if it is here whole. */
  const data = (): boolean => {
    const whole = held.subarray(0, 3).equals(END.subarray(2)) ? 3 : held.indexOf(END) + END.length;
    if (whole < 3 || whole === END.length - 1) return false;
    const content = held.toString('latin1', 0, whole - 3).replace(/(^|\r\n)\./g, '$1');
    held = held.subarray(whole);
    inData = false;
    taken(Buffer.from(content, 'latin1'));
    return true;
  };
  /** Takes one command, with its chunk, if it is here whole. */
  const command = (): boolean => {
    const end = held.indexOf('\r\n');
    if (end === -1) return false;
    const line = held.toString('utf8', 0, end);
    const [, size, last] = /^BDAT (\d+)( LAST)?$/.exec(line) ?? [];
    const octets = Number(size ?? 0);
    if (held.length < end + 2 + octets) return false;
    const chunk = held.subarray(end + 2, end + 2 + octets);
    held = held.subarray(end + 2 + octets);
    if (size === undefined) return answer(line);
    chunks.push(Buffer.from(chunk));
    if (last === undefined) out += '250 2.0.0 chunk\r\n';
    else taken(Buffer.concat(chunks));
    return true;
  };
  const answer = (line: string): true => {
    const verb = line.slice(0, 4);
    if (verb === 'EHLO' || verb === 'LHLO') {
      const lines = ['peer.example.test', ...offers];
      out += lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}\r\n`).join('');
    } else if (verb === 'RCPT') {
      const recipient = /<(.*)>/.exec(line)?.[1] ?? '';
      const refused = recipient.startsWith('refused');
      if (!refused) recipients.push(recipient);
      out += refused ? '550 5.1.1 no\r\n' : '250 2.1.5 ok\r\n';
    } else if (verb === 'DATA') {
      inData = true;
      out += '354 go on\r\n';
    } else if (verb === 'QUIT') {
      socket.end(`${out}221 2.0.0 bye\r\n`);
      out = '';
    } else {
      if (verb === 'RSET' || verb === 'MAIL') recipients = [];
      out += '250 2.0.0 ok\r\n';
    }
    return true;
  };

  socket.write('220 peer.example.test ready\r\n');
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (inData ? data() : command());
    if (out !== '') socket.write(out);
    out = '';
  });
}

const END = Buffer.from('\r\n.\r\n');
