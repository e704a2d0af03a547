/** What the event loop and the thread for files say to each other. Types only. */
import type { DurableFsErrorKind } from '../error.ts';
import type { PlacedFile, Placement } from '../place-file.ts';

/** A file to be put in its place. */
export interface Job {
  readonly number: number;
  readonly file: PlacedFile;
}

/** A failure, as it can be sent. */
export interface SentError {
  readonly kind: DurableFsErrorKind;
  readonly operation: string;
  readonly path: string;
  readonly reason: string;
}

type Sent<One> = One extends { readonly error: unknown }
  ? Omit<One, 'error'> & { readonly error: SentError }
  : One;

/** What became of it. */
export interface Report {
  readonly number: number;
  readonly placement: Sent<Placement>;
}
