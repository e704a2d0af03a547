/**
 * The end of the control socket that a running program holds: one order for each connection,
 * carried out by its verb, whose items are sent as fast as the other end reads them.
 *
 * A socket file that nobody listens at is taken over. Where somebody does, or the place
 * cannot be used, the program goes on without control and says so, because mail matters
 * more. A client that goes away ends its verb at the next item.
 */
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Logger } from '@posthouse/mail';
import { ExitError } from '../exit-code.ts';
import { explainStartFailure } from '../start-failure.ts';
import { readLines } from './lines.ts';
import { controlPlace } from './place.ts';
import { CONTROL_VERSION, MAX_ANSWER_BYTES, MAX_ORDER_BYTES, parseOrder } from './protocol.ts';
import type { ControlAnswer, ControlFields } from './protocol.ts';

/** Does what an order says, item by item. An ExitError that it throws is told as it is. */
export type ControlVerb = (fields: ControlFields) => AsyncIterable<unknown>;

/** Verbs by name. */
export type ControlVerbs = Readonly<Record<string, ControlVerb>>;

/** A server that takes orders. */
export interface Control {
  /** Ends connections in the middle of what they do; idempotent. */
  stop(): Promise<void>;
}

const MAX_CONNECTIONS = 32;
/** In which nothing moves: no order comes, or nobody reads the answer. */
const SILENCE_MS = 60_000;

/** Starts to take orders. Never throws. */
export async function startControl(
  stateDirectory: string,
  verbs: ControlVerbs,
  logger: Logger,
): Promise<Control> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    socket.setTimeout(SILENCE_MS);
    void serve(socket, verbs).finally(() => socket.end());
  });
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await listen(server, controlPlace(stateDirectory));
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
  const isFile = process.platform !== 'win32';
  if (isFile && !(await answers(place))) await rm(place, { force: true });
  server.listen(place);
  await once(server, 'listening');
  if (isFile) await chmod(place, 0o600); // where the directory is /tmp, it guards nothing
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

async function serve(socket: Socket, verbs: ControlVerbs): Promise<void> {
  try {
    for await (const line of readLines(socket, MAX_ORDER_BYTES)) {
      socket.setTimeout(0); // a verb may take its time
      return await carryOut(line, verbs, socket);
    }
  } catch {
    socket.destroy(); // it broke the rules or went away: there is nobody to tell
  }
}

async function carryOut(line: string, verbs: ControlVerbs, socket: Socket): Promise<void> {
  try {
    const { fields, verb } = understood(line, verbs);
    for await (const item of verb(fields)) await send(socket, { kind: 'item', item });
    await send(socket, { kind: 'done' });
  } catch (error) {
    if (socket.destroyed) return;
    await send(socket, { kind: 'failed', ...explainStartFailure(error) });
  }
}

function understood(
  line: string,
  verbs: ControlVerbs,
): { readonly verb: ControlVerb; readonly fields: ControlFields } {
  const order = parseOrder(line);
  if (order === undefined) throw new ExitError('usage', 'This is no order');
  if (order.version !== CONTROL_VERSION) {
    const text = `The running program speaks version ${CONTROL_VERSION} of the control protocol, this command version ${order.version}: use the command of the same release`;
    throw new ExitError('unavailable', text);
  }
  const verb = Object.hasOwn(verbs, order.verb) ? verbs[order.verb] : undefined;
  if (verb === undefined) {
    throw new ExitError('unavailable', `The running program does not know "${order.verb}"`);
  }
  return { verb, fields: order.fields };
}

async function send(socket: Socket, answer: ControlAnswer): Promise<void> {
  const line = `${JSON.stringify(answer)}\n`;
  if (Buffer.byteLength(line) > MAX_ANSWER_BYTES) {
    throw new ExitError('software', 'An item of the answer is too long');
  }
  if (!socket.destroyed && !socket.write(line)) await drained(socket);
  if (socket.destroyed) throw new ExitError('unavailable', 'The client has gone');
}

/** Until there is room again, or nobody who reads. */
async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.setTimeout(SILENCE_MS);
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.off('drain', resolve).off('close', resolve);
  socket.setTimeout(0);
}
