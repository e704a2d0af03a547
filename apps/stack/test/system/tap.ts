/**
 * Something on the wire between two agents that passes everything on, until it is told to
 * keep what the server says to itself: so that a reply is lost, and nobody knows it but us.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { AtEnd, Place } from './mail-system.ts';

export interface Tap extends Place {
  /** Keeps what the server says once the client has said this many octets in a connection. */
  keepRepliesAfter(octets: number): void;
  /** Passes on what it hears in connections to come. */
  passEverything(): void;
}

/** Taps the way to a place. */
export async function tap(to: Place, atEnd: AtEnd): Promise<Tap> {
  const sockets = new Set<Socket>();
  let limit = Infinity;
  const server = createServer((client) => {
    const onward = connect(to.port, to.host);
    for (const socket of [client, onward]) {
      sockets.add(socket);
      socket.on('error', () => undefined); // its end is enough
      socket.on('close', () => {
        client.destroy();
        onward.destroy();
        sockets.delete(socket);
      });
    }
    join(client, onward, () => limit);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => close(server, sockets));
  return {
    host: '127.0.0.1',
    port: portOf(server),
    keepRepliesAfter: (octets) => void (limit = octets),
    passEverything: () => void (limit = Infinity),
  };
}

function join(client: Socket, server: Socket, limit: () => number): void {
  let said = 0;
  client.on('data', (chunk) => {
    said += chunk.length;
    server.write(chunk);
  });
  server.on('data', (chunk) => {
    if (said < limit()) client.write(chunk);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}
