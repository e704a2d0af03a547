/**
 * Memory that is given back at once, in place of when the collector comes to it.
 *
 * A large message lives just long enough to survive the quick collections, and what has survived
 * is found dead only by marking the whole heap, which V8 begins for each 64 MB of such memory: at a
 * thousand large messages a second, fifteen times a second.
 */

/**
 * Gives back all memory that the octets lie in. To be called by who owns all of it, once nobody
 * will look at it again: every view of it is empty afterwards. It comes of `Buffer.allocUnsafeSlow`
 * then; small buffers of `allocUnsafe` and `from` share their memory with others.
 */
export function giveBackMemory({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) buffer.transfer(0);
}
