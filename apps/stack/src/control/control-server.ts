/**
 * The end of the control socket that a running stack holds.
 *
 * Orders are carried out one connection at a time each, and answered when they are done. A
 * socket file that nobody listens at is taken over; where somebody does, the stack goes on
 * without control and says so, because mail matters more.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Logger } from '@posthouse/mail';
import { controlPlace } from './control-place.ts';
import { MAX_LINE_BYTES, parseOrder } from './control-protocol.ts';
import type { ControlAnswer } from './control-protocol.ts';

/** What the orders do. */
export interface ControlActions {
  /** Resolves with whether the new configuration is in use. */
  reload(): Promise<boolean>;
}

export interface Control {
  stop(): Promise<void>;
}

/** Starts to take orders. Never throws. */
export async function startControl(
  stateDirectory: string,
  actions: ControlActions,
  logger: Logger,
): Promise<Control> {
  const place = controlPlace(stateDirectory);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, actions);
  });
  try {
    await listen(server, place);
  } catch (err) {
    logger.warn({ event: 'control-unavailable', err }, 'The control socket is not available');
  }
  return {
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, place: string): Promise<void> {
  if (process.platform !== 'win32' && !(await answers(place))) await rm(place, { force: true });
  server.listen(place);
  await once(server, 'listening');
}

async function answers(place: string): Promise<boolean> {
  const socket = connect(place);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function serve(socket: Socket, actions: ControlActions): void {
  let octets = 0;
  socket.on('data', (chunk) => {
    octets += chunk.length;
    if (octets > MAX_LINE_BYTES) socket.destroy();
  });
  const lines = createInterface({ input: socket });
  lines.on('error', () => socket.destroy());
  lines.once('line', (line) => {
    void carryOut(line, actions).then((answer) => socket.end(`${JSON.stringify(answer)}\n`));
  });
}

async function carryOut(line: string, actions: ControlActions): Promise<ControlAnswer> {
  if (parseOrder(line) === undefined)
    return { kind: 'failed', text: 'This stack does not know the order' };
  try {
    const isInUse = await actions.reload();
    return isInUse
      ? { kind: 'done' }
      : {
          kind: 'failed',
          text: 'The files have mistakes, what was there stays in use; see the log',
        };
  } catch (error) {
    return { kind: 'failed', text: error instanceof Error ? error.message : String(error) };
  }
}
