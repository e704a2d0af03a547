/**
 * A backlog is one message that a subject took in by itself and could not deliver, many times
 * over: copies that differ in the number in their Message-ID, put into the queue of the
 * stopped subject in its own format. To take in a million would last an hour with some.
 */
import { numberText } from '../message.ts';

/** The run that the messages of a backlog are numbered in. */
export const BACKLOG_RUN = 'backlog';
/** The number of the message that is copied; copies count from 1. */
export const ORIGINAL = 0;

/** How many to make, and who is told of the progress. */
export interface Copies {
  readonly messages: number;
  /** Called after each batch with the copies made so far. */
  made(messages: number): void;
}

/** Where the number stands in something that holds the message. */
export interface NumberPlace {
  readonly at: number;
  readonly octets: number;
}

/** @throws Error where the original is not in it */
export function placeOfNumber(octets: Buffer): NumberPlace {
  const mark = `<bench-${BACKLOG_RUN}-`;
  const at = octets.indexOf(mark, 0, 'latin1');
  if (at === -1) throw new Error('the message to copy is not where it should be');
  return { at: at + mark.length, octets: numberText(ORIGINAL).length };
}

/** The same octets with another number. */
export function renumbered(octets: Buffer, { at }: NumberPlace, number: number): Buffer {
  const copy = Buffer.from(octets);
  copy.write(numberText(number), at, 'latin1');
  return copy;
}
