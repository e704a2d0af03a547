/**
 * Lines of text from a socket, each bounded. Leaving the loop, a line that is too long or an
 * end in the middle of one ends the reading; what the socket fails with is thrown.
 */
import type { Socket } from 'node:net';

/** @throws RangeError for a line that is too long, the socket's errors */
export async function* readLines(
  socket: Socket,
  maxBytes: number,
): AsyncGenerator<string, void, void> {
  let parts: Buffer[] = [];
  let octets = 0;
  // Octets as they come: the socket has no encoding.
  for await (const chunk of socket as AsyncIterable<Buffer>) {
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
