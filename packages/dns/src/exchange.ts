/**
 * One question to one server: over UDP, and over TCP where the answer was cut.
 *
 * Every query has an id and a socket, so a source port, of its own; the socket is
 * connected, so that the kernel passes on only what comes from the server asked.
 * What is not our response is passed over as if it had not come. Ends with a
 * response, or throws DnsError, or the signal's reason; the socket is gone then.
 *
 * RFC 1035 §4.2, RFC 5452 §9 (ports and ids), RFC 7766 §5 and §6 (TCP).
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { DnsError } from './error.ts';
import { createQuery, readResponse } from './packet.ts';
import type { Query, Question, Response } from './packet.ts';
import { formatServer } from './server-list.ts';
import type { Server } from './server-list.ts';

/** How to put the question. */
export interface ExchangeManner {
  readonly edns: boolean;
  readonly signal: AbortSignal;
}

/** Asks. @throws DnsError, or the signal's reason */
export async function exchange(
  question: Question,
  server: Server,
  manner: ExchangeManner,
): Promise<Response> {
  manner.signal.throwIfAborted();
  const query = createQuery(question, randomInt(0x1_0000), manner.edns);
  const response = await exchangeUdp(query, server, manner.signal);
  return response === 'truncated' ? exchangeTcp(query, server, manner.signal) : response;
}

function exchangeUdp(
  query: Query,
  server: Server,
  signal: AbortSignal,
): Promise<Response | 'truncated'> {
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
  const settlement = settleOnce<Response | 'truncated'>(signal, () => socket.close());
  socket.on('error', (cause) => settlement.reject(unreachable(server, cause)));
  socket.on('message', (packet) => {
    const reading = readResponse(packet, query);
    if (reading.kind === 'response') settlement.resolve(reading.response);
    else if (reading.kind === 'truncated') settlement.resolve('truncated');
    else if (reading.kind === 'malformed') settlement.reject(malformed(server, reading.reason));
  });
  // Not a callback of `connect`: that one would be given the error instead of the listener above.
  socket.on('connect', () => {
    if (!settlement.settled()) socket.send(query.octets);
  });
  socket.connect(server.port, server.address);
  return settlement.promise;
}

function exchangeTcp(query: Query, server: Server, signal: AbortSignal): Promise<Response> {
  const socket = connect({ host: server.address, port: server.port });
  const settlement = settleOnce<Response>(signal, () => socket.destroy());
  let received: Buffer = Buffer.alloc(0);
  socket.on('error', (cause) => settlement.reject(unreachable(server, cause)));
  socket.on('close', () => settlement.reject(malformed(server, 'the connection was closed')));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    const reading = readResponse(received.subarray(2, 2 + received.readUInt16BE(0)), query);
    if (reading.kind === 'response') settlement.resolve(reading.response);
    else settlement.reject(malformed(server, `over TCP: ${reading.kind}`));
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.octets.length);
  socket.write(Buffer.concat([length, query.octets]));
  return settlement.promise;
}

interface Settlement<T> {
  readonly promise: Promise<T>;
  settled(): boolean;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A promise that lets go of its resource when it settles, and settles when the signal says so. */
function settleOnce<T>(signal: AbortSignal, release: () => void): Settlement<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let settled = false;
  const settle = (act: () => void): void => {
    if (settled) return;
    settled = true;
    signal.removeEventListener('abort', onAbort);
    release();
    act();
  };
  const onAbort = (): void => settle(() => reject(signal.reason));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort);
  return {
    promise,
    settled: () => settled,
    resolve: (value) => settle(() => resolve(value)),
    reject: (reason) => settle(() => reject(reason)),
  };
}

function unreachable(server: Server, cause: Error): DnsError {
  return new DnsError('server-failure', `${formatServer(server)}: ${cause.message}`, cause);
}

function malformed(server: Server, reason: string): DnsError {
  return new DnsError('malformed', `${formatServer(server)}: ${reason}`);
}
