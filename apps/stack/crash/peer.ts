/**
 * Another host that takes everything, and notes each final dot that it saw with the life of
 * our system in which that was.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface TakenCopy {
  readonly id: string;
  readonly life: number;
}

export interface CrashPeer {
  readonly host: string;
  readonly port: number;
  readonly copies: readonly TakenCopy[];
  /** The life of the system that is talking to it now. */
  life: number;
  stop(): Promise<void>;
}

/** @param onCopy told of each */
export async function startPeer(onCopy: () => void): Promise<CrashPeer> {
  const copies: TakenCopy[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    converse(socket, (id) => {
      copies.push({ id, life: peer.life });
      onCopy();
    }).catch(() => undefined); // whoever talked to it was killed
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const peer: CrashPeer = {
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
    copies,
    life: 0,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return peer;
}

async function converse(socket: Socket, take: (id: string) => void): Promise<void> {
  socket.write('220 peer.example.net ESMTP\r\n');
  let id: string | undefined;
  let isData = false;
  for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
    if (isData) {
      id ??= /^X-Crash-Id: (.+)$/.exec(line)?.[1];
      if (line !== '.') continue;
      take(id ?? 'without id');
      [id, isData] = [undefined, false];
      socket.write('250 2.0.0 Taken\r\n');
    } else {
      isData = line === 'DATA';
      socket.write(answer(line));
    }
  }
}

function answer(line: string): string {
  if (line.startsWith('EHLO')) return '250-peer.example.net\r\n250 PIPELINING\r\n';
  if (line === 'DATA') return '354 Go on\r\n';
  return line === 'QUIT' ? '221 2.0.0 Bye\r\n' : '250 2.0.0 Ok\r\n';
}
