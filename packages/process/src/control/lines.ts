/**
 * Lines of text from a socket, each bounded. Leaving the loop leaves the socket open; an end
 * in the middle of a line is the end; what the socket fails with is thrown.
 */
import type { Socket } from 'node:net';

/** @throws RangeError for a line that is too long, the socket's errors */
export async function* readLines(
  socket: Socket,
  maxBytes: number,
): AsyncGenerator<string, void, void> {
  let parts: Buffer[] = [];
  let octets = 0;
  // Octets, since the socket has no encoding.
  const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      if (octets + end > maxBytes) throw tooLong(maxBytes);
      yield Buffer.concat(parts).toString('utf8');
      [parts, octets, rest] = [[], 0, rest.subarray(end + 1)];
    }
    parts.push(rest);
    octets += rest.length;
    if (octets > maxBytes) throw tooLong(maxBytes);
  }
}

function tooLong(maxBytes: number): RangeError {
  return new RangeError(`a line has more than ${maxBytes} octets`);
}
