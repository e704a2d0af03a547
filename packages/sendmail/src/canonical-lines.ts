/**
 * Text as local programs write it, as mail wants it: every line ends in CRLF, whether it
 * ended in LF, CRLF or CR; a last line without an end gets one.
 *
 * With `endsAtDot` a line that is one dot ends the text, and what follows is not read: how
 * people end a message that they type (sendmail without -i). A line that begins a mailbox
 * file (`From ` in front of the header) is no part of a message, and is left out.
 */
const MAILBOX_LINE = 'From ';

export interface LineOptions {
  readonly endsAtDot: boolean;
}

/** Turns pieces of text into pieces of canonical lines, as many and not much longer. */
export async function* canonicalLines(
  source: AsyncIterable<Uint8Array>,
  options: LineOptions,
): AsyncGenerator<Buffer, void, void> {
  const lines = new Lines(options.endsAtDot);
  for await (const piece of source) {
    const made = lines.take(Buffer.from(piece).toString('latin1'));
    if (made !== '') yield Buffer.from(made, 'latin1');
    if (lines.ended) return;
  }
  const last = lines.end();
  if (last !== '') yield Buffer.from(last, 'latin1');
}

/** One character an octet. */
class Lines {
  ended = false;
  readonly #endsAtDot: boolean;
  /** The end of what came, where it is not yet known what it means. */
  #held = '';
  #isFirst = true;
  /** Whether what was passed on ends where a line begins. */
  #atStart = true;

  constructor(endsAtDot: boolean) {
    this.#endsAtDot = endsAtDot;
  }

  take(piece: string): string {
    const whole = this.#held + piece;
    this.#held = whole.endsWith('\r') ? '\r' : '';
    const text = whole.slice(0, whole.length - this.#held.length).replace(/\r\n?|\n/g, '\r\n');
    return this.#passOn(this.#upToDot(this.#withoutMailboxLine(text)));
  }

  end(): string {
    const isDropped = this.#isFirst && this.#held.startsWith(MAILBOX_LINE);
    if (this.ended || isDropped || (this.#endsAtDot && this.#held === '.')) return '';
    const text = this.#held.replace('\r', '\r\n');
    const isOpen = text === '' ? !this.#atStart : !text.endsWith('\n');
    return isOpen ? `${text}\r\n` : text;
  }

  #withoutMailboxLine(text: string): string {
    if (!this.#isFirst || text === '') return text;
    const isLine = text.startsWith(MAILBOX_LINE);
    const end = text.indexOf('\r\n');
    if (end === -1 && (isLine || MAILBOX_LINE.startsWith(text))) {
      this.#held = (isLine ? MAILBOX_LINE : text) + this.#held;
      return '';
    }
    this.#isFirst = false;
    return isLine ? text.slice(end + 2) : text;
  }

  #upToDot(text: string): string {
    if (!this.#endsAtDot || text === '') return text;
    const isAtOnce = this.#atStart && text.startsWith('.\r\n');
    const found = isAtOnce ? 0 : text.indexOf('\r\n.\r\n');
    this.ended = found !== -1;
    if (this.ended) return isAtOnce ? '' : text.slice(0, found + 2);
    const isOpen = text.endsWith('\r\n.') || (this.#atStart && text === '.');
    if (!isOpen) return text;
    this.#held = `.${this.#held}`;
    return text.slice(0, -1);
  }

  #passOn(text: string): string {
    if (text !== '') this.#atStart = text.endsWith('\n');
    return text;
  }
}
