/**
 * A TLS handshake that its client has left: one that ends its side before the handshake is over
 * will not come back, as every probe of an open port does not.
 *
 * Since sockets may be half open nobody else ends ours, and it would count as a connection until
 * the handshake's time is over.
 */
import type { Socket } from 'node:net';

/** Destroys the socket of a handshake when its client ends, as long as it is no session. */
export function endWithClient(handshake: Socket): void {
  const end = (): void => void handshake.destroy();
  handshake.once('end', end);
  handshake.once('secure', () => handshake.off('end', end));
}
