/**
 * Command lines: octets between line endings, as text, one at a time.
 *
 * A line that is too long, holds control characters or is no UTF-8 is consumed and
 * reported, never run. A line ends in CRLF; one that ends in LF alone is reported as
 * well, unless bare line endings are let pass. Memory is bounded by one line; a line
 * without end is reported once more when it has cost too much.
 *
 * RFC 5321 §2.3.8, §4.5.3.1.4; RFC 6531 §3.3 (UTF-8).
 */
import { refuse } from '@posthouse/mail';
import type { MailError } from '@posthouse/mail';
import type { Intake } from './intake.ts';

/** Longest line with its ending. RFC 4954 §4 asks for 12288 octets of base64 in AUTH. */
const MAX_COMMAND_OCTETS = 12_800;
/** How much of an endless line is thrown away before the client is. */
const MAX_DISCARDED_OCTETS = 1_048_576;

const LF = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Who is told. A promise holds the client back. */
export interface CommandLineListener {
  line(text: string): void | Promise<void>;
  /** A line that cannot be run. */
  broken(error: MailError): void | Promise<void>;
}

/** Cuts octets into command lines. */
export class CommandLines implements Intake {
  readonly #listener: CommandLineListener;
  readonly #allowBareLf: boolean;
  #begun: Buffer | undefined;
  #discarded = 0;

  constructor(listener: CommandLineListener, allowBareLf: boolean) {
    this.#listener = listener;
    this.#allowBareLf = allowBareLf;
  }

  take(chunk: Buffer, at: number): number | Promise<number> {
    const lf = chunk.indexOf(LF, at);
    if (lf === -1) {
      const held = this.#keep(chunk.subarray(at));
      return after(held, chunk.length - at);
    }
    const count = lf + 1 - at;
    if (this.#discarded > 0) {
      this.#discarded = 0;
      return after(this.#listener.broken(refuse('command-too-long')), count);
    }
    const begun = this.#begun;
    this.#begun = undefined;
    if (count + (begun?.length ?? 0) > MAX_COMMAND_OCTETS) {
      return after(this.#listener.broken(refuse('command-too-long')), count);
    }
    const text =
      begun === undefined
        ? chunk.toString('latin1', at, lf)
        : begun.toString('latin1') + chunk.toString('latin1', at, lf);
    return after(this.#tell(text), count);
  }

  /** Keeps the start of a line, as far as it may still become one. */
  #keep(part: Buffer): void | Promise<void> {
    const begun = this.#begun === undefined ? part : Buffer.concat([this.#begun, part]);
    if (this.#discarded === 0 && begun.length <= MAX_COMMAND_OCTETS) {
      // A copy: the chunk it stands in may be far larger than the line.
      this.#begun = Buffer.from(begun);
      return;
    }
    this.#begun = undefined;
    this.#discarded += begun.length;
    if (this.#discarded <= MAX_DISCARDED_OCTETS) return;
    this.#discarded = 1;
    return this.#listener.broken(refuse('too-many-errors', { text: 'Endless command line' }));
  }

  /** @param line octets without LF, one character each */
  #tell(line: string): void | Promise<void> {
    const crlf = line.endsWith('\r');
    if (!crlf && !this.#allowBareLf) {
      return this.#listener.broken(
        refuse('command-syntax', { text: 'A command line ends in CRLF (RFC 5321 2.3.8)' }),
      );
    }
    const text = crlf ? line.slice(0, -1) : line;
    if (/^[\u0020-\u007e]*$/.test(text)) return this.#listener.line(text);
    if (/[\u0000-\u001f\u007f]/.test(text)) {
      return this.#listener.broken(
        refuse('command-syntax', { text: 'Control characters in the command line' }),
      );
    }
    const decoded = decodeUtf8(text);
    if (decoded !== undefined) return this.#listener.line(decoded);
    return this.#listener.broken(
      refuse('command-syntax', { text: 'The command line is not UTF-8' }),
    );
  }
}

function decodeUtf8(octets: string): string | undefined {
  try {
    return utf8.decode(Buffer.from(octets, 'latin1'));
  } catch {
    return undefined;
  }
}

function after(held: void | Promise<void>, count: number): number | Promise<number> {
  return held instanceof Promise ? held.then(() => count) : count;
}
