/**
 * What takes octets from the socket: command lines, mail data after DATA, or the octets
 * of a BDAT chunk. One of them is in charge at a time, and it decides how far it goes.
 */

/** Takes octets; the stream asks again until the chunk is used up. */
export interface Intake {
  /**
   * Takes octets of `chunk` from `at` on and answers how many. A promise holds the stream,
   * and with it the client, back until it settles; it never rejects.
   */
  take(chunk: Buffer, at: number): number | Promise<number>;
}

/** The whole session as the stream sees it. */
export interface StreamConsumer extends Intake {
  /** Octets came from the client. */
  arrived(octets: number): void;
  /** Everything that came was taken. A promise holds the stream back: the client must read first. */
  settled(): Promise<void> | undefined;
  /** The client will say no more, and everything that it said was taken. It may still listen. */
  ended(): void;
  /** One of the above threw or rejected: a bug. The stream goes on, the session does not. */
  failed(thrown: unknown): void;
}
