/**
 * What is said before a message, as octets made once: a load says the same thousands of times.
 */

/** Something to say, and the reply that it must get. */
export interface Step {
  /** Absent: it is their turn, as at the greeting. */
  readonly octets?: Uint8Array;
  /** Absent: whatever it is. */
  readonly code?: number;
}

/** Who a message is from and for. */
export interface Envelope {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  /** MAIL, each RCPT, DATA. */
  readonly steps: readonly Step[];
}

/** One command line. */
export function command(text: string, code?: number): Step {
  const octets = Buffer.from(`${text}\r\n`, 'latin1');
  return code === undefined ? { octets } : { octets, code };
}

/** To be made once for all messages that share it. */
export function createEnvelope(reversePath: string, forwardPaths: readonly string[]): Envelope {
  const steps = [
    command(`MAIL FROM:<${reversePath}>`, 250),
    ...forwardPaths.map((path) => command(`RCPT TO:<${path}>`, 250)),
    command('DATA', 354),
  ];
  return { reversePath, forwardPaths, steps };
}
