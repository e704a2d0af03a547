/**
 * The load driver: sends numbered messages over several sessions as fast as they are taken.
 *
 * Each session takes the next number when its last message has its 250, so all numbers are
 * sent once. The first session that fails ends the drive.
 */
import { createNumbered } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import { ClientSession } from './client-session.ts';
import type { Entry } from './client-session.ts';
import type { Envelope } from './envelope.ts';

/** What to send. */
export interface Drive {
  readonly run: string;
  /** At most. */
  readonly messages: number;
  /** Later than this no message is begun. */
  readonly seconds: number;
  readonly sessions: number;
  readonly reuse: boolean;
  readonly pattern: MessagePattern;
  /** By the number of the message, from 1. */
  readonly envelope: (number: number) => Envelope;
}

/**
 * Sends until all is sent or the time is over; resolves when the last message has its 250.
 * @returns how many were sent. @throws Error
 */
export async function drive(entry: Entry, load: Drive): Promise<number> {
  const deadline = performance.now() + load.seconds * 1000;
  let sent = 0;
  const next = (): number | undefined => {
    if (sent === load.messages || performance.now() > deadline) return undefined;
    sent += 1;
    return sent;
  };
  const session = load.reuse ? sendMany : sendOneEach;
  await Promise.all(Array.from({ length: load.sessions }, () => session(entry, load, next)));
  return sent;
}

type Next = () => number | undefined;

async function sendMany(entry: Entry, load: Drive, next: Next): Promise<void> {
  const session = await ClientSession.open(entry);
  const message = createNumbered(load.run, load.pattern);
  for (let number = next(); number !== undefined; number = next()) {
    await session.send(load.envelope(number), message(number));
  }
  await session.close();
}

async function sendOneEach(entry: Entry, load: Drive, next: Next): Promise<void> {
  const message = createNumbered(load.run, load.pattern);
  for (let number = next(); number !== undefined; number = next()) {
    const session = await ClientSession.open(entry);
    await session.send(load.envelope(number), message(number));
    await session.close();
  }
}
