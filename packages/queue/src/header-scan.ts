/**
 * Finds the Message-ID, and whether TLS may be missing, while content passes by, in its
 * header section only.
 *
 * The first chunk holds the whole header section of nearly every message and is
 * searched where it lies; only when it does not are octets copied, up to a limit,
 * behind which the message is taken to have neither.
 *
 * RFC 5322 §3.6.4; RFC 8689 §3 (TLS-Required).
 */
import { findHeaderEnd, parseMessageId } from '@posthouse/mail';
import type { MessageId } from '@posthouse/mail';

const MAX_HEADER_BYTES = 64 * 1024;
const MESSAGE_ID = /^message-id[ \t]*:(?:[ \t]|\r\n[ \t])*(<[^>\s]*>)/im;

const TLS_OPTIONAL = /^tls-required[ \t]*:(?:[ \t]|\r\n[ \t])*no[ \t]*\r?$/im;

export class HeaderScan {
  #held: Buffer | undefined;
  #heldBytes = 0;
  #ended = false;
  #messageId: MessageId | undefined;
  #tlsOptional = false;

  /** The next octets; they are not kept. */
  write(chunk: Uint8Array): void {
    if (this.#ended || chunk.byteLength === 0) return;
    if (this.#held === undefined) {
      const searched = Math.min(chunk.byteLength, MAX_HEADER_BYTES);
      const octets = Buffer.from(chunk.buffer, chunk.byteOffset, searched); // a view
      const end = findHeaderEnd(octets);
      if (end !== undefined || searched === MAX_HEADER_BYTES) {
        return this.#read(octets.subarray(0, end));
      }
      this.#held = Buffer.allocUnsafe(MAX_HEADER_BYTES);
    }
    this.#hold(this.#held, chunk);
  }

  /** No more octets. @returns the Message-ID, where there is one that can be read */
  end(): MessageId | undefined {
    if (!this.#ended) this.#read(this.#held?.subarray(0, this.#heldBytes) ?? Buffer.alloc(0));
    return this.#messageId;
  }

  /** Whether the header section says `TLS-Required: No`. Call `end` before. */
  get tlsOptional(): boolean {
    return this.#tlsOptional;
  }

  #hold(held: Buffer, chunk: Uint8Array): void {
    const before = this.#heldBytes;
    held.set(chunk.subarray(0, held.length - before), before);
    this.#heldBytes = Math.min(held.length, before + chunk.byteLength);
    const octets = held.subarray(0, this.#heldBytes);
    // The empty line may straddle the edge of the chunk; the octets before were searched already.
    const end = octets.indexOf('\r\n\r\n', Math.max(0, before - 3));
    if (end !== -1) this.#read(octets.subarray(0, end + 2));
    else if (this.#heldBytes === held.length) this.#read(octets);
  }

  #read(header: Buffer): void {
    this.#ended = true;
    const text = header.toString('latin1');
    this.#messageId = messageIdOf(text);
    this.#tlsOptional = TLS_OPTIONAL.test(text);
    this.#held = undefined;
  }
}

/** The Message-ID in a header section. */
export function messageIdIn(header: Buffer): MessageId | undefined {
  return messageIdOf(header.toString('latin1'));
}

function messageIdOf(header: string): MessageId | undefined {
  const text = MESSAGE_ID.exec(header)?.[1];
  return text === undefined
    ? undefined
    : parseMessageId(Buffer.from(text, 'latin1').toString('utf8'));
}
