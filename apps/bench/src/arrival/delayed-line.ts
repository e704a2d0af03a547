/**
 * A host that is far away: a TCP proxy in front of the sink that holds every octet back for
 * half a round trip in each direction. The kernel's own way (netem) is not everywhere.
 *
 * Opening takes what it takes on a long line: the greeting is there two round trips after the
 * first packet (the handshake and a half, then the way back). Throughput is not limited, and
 * order is kept; nothing is held that one window of the far side would not hold.
 */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** Octets that may be under way in one direction of a connection. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** A line to a port of this machine, not yet listening. */
export function createDelayedLine(port: number, roundTripMs: number): Server {
  const oneWayMs = roundTripMs / 2;
  return createServer({ noDelay: true }, (near) => {
    near.pause();
    near.on('error', () => near.destroy());
    setTimeout(() => {
      const far = connect({ port, host: '127.0.0.1', noDelay: true });
      far.on('error', () => near.destroy());
      carry(near, far, oneWayMs);
      carry(far, near, oneWayMs);
      near.resume();
    }, 3 * oneWayMs);
  });
}

/** Timers of one length fire in the order in which they were set, so chunks keep theirs. */
function carry(from: Socket, to: Socket, oneWayMs: number): void {
  let underWay = 0;
  from.on('data', (chunk) => {
    underWay += chunk.length;
    if (underWay > WINDOW_BYTES) from.pause();
    setTimeout(() => {
      underWay -= chunk.length;
      if (underWay <= WINDOW_BYTES) from.resume();
      to.write(chunk);
    }, oneWayMs);
  });
  from.on('end', () => setTimeout(() => to.end(), oneWayMs));
  from.on('close', () => setTimeout(() => to.destroy(), 2 * oneWayMs));
}
