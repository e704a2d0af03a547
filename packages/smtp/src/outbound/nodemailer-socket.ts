/**
 * Takes the socket out of a nodemailer SMTPConnection that has finished its handshake.
 *
 * These are internals of nodemailer 10.6.0, which is pinned. What is relied on is checked
 * here each time, so that another version fails at the first connection and not by two
 * readers on one socket; the handshake's contract test covers every way to get here.
 */
import type { Socket } from 'node:net';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';

/** The members that its declarations leave out. */
interface Internals {
  _responseQueue: string[];
  _remainder: string;
  readonly _responseActions: readonly unknown[];
}

const LISTENERS = {
  data: '_onSocketData',
  timeout: '_onSocketTimeout',
  close: '_onSocketClose',
  end: '_onSocketEnd',
  error: '_onSocketError',
} as const;

type Listener = (...parameters: unknown[]) => void;

/**
 * The socket, paused, with none of nodemailer's listeners; `clean` where no octet was
 * received that it has not used.
 * @throws Error this is another nodemailer than the one we know
 */
export function detach(connection: SMTPConnection): { socket: Socket; clean: boolean } {
  const socket = connection._socket;
  // Boundary: each member is checked below before it is used.
  const members = connection as unknown as Internals & Record<string, unknown>;
  if (
    !socket ||
    !Array.isArray(members._responseQueue) ||
    !Array.isArray(members._responseActions)
  ) {
    throw unknownVersion(connection);
  }
  socket.pause();
  socket.setTimeout(0);
  for (const [event, name] of Object.entries(LISTENERS)) {
    const listener = members[name];
    if (typeof listener !== 'function' || socket.listenerCount(event, listener as Listener) !== 1) {
      throw unknownVersion(connection);
    }
    socket.removeListener(event, listener as Listener);
  }
  const clean =
    members._responseQueue.length === 0 &&
    members._remainder === '' &&
    members._responseActions.length === 0;
  members._responseQueue = []; // it looks here once more in the next turn
  return { socket, clean };
}

function unknownVersion(connection: SMTPConnection): Error {
  return new Error(`cannot take the socket over from nodemailer ${connection.version}`);
}
