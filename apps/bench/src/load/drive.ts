/**
 * The load driver: sends numbered messages over several sessions as fast as they are taken.
 *
 * Each session takes the next number when its last message has its 250, so all numbers are
 * sent once. The first session that fails ends the drive.
 */
import { messageHead } from '../message.ts';
import type { MessagePattern } from '../message.ts';
import { ClientSession } from './client-session.ts';
import type { Entry, Envelope } from './client-session.ts';

/** What to send. */
export interface Drive {
  readonly run: string;
  readonly messages: number;
  readonly sessions: number;
  readonly reuse: boolean;
  readonly pattern: MessagePattern;
  /** By the number of the message, from 1. */
  readonly envelope: (number: number) => Envelope;
}

/** Sends everything; resolves when the last message has its 250. @throws Error */
export async function drive(entry: Entry, load: Drive): Promise<void> {
  let sent = 0;
  const next = (): number | undefined => {
    if (sent === load.messages) return undefined;
    sent += 1;
    return sent;
  };
  const session = load.reuse ? sendMany : sendOneEach;
  await Promise.all(Array.from({ length: load.sessions }, () => session(entry, load, next)));
}

type Next = () => number | undefined;

async function sendMany(entry: Entry, load: Drive, next: Next): Promise<void> {
  const session = await ClientSession.open(entry);
  for (let number = next(); number !== undefined; number = next()) {
    await sendNumber(session, load, number);
  }
  await session.close();
}

async function sendOneEach(entry: Entry, load: Drive, next: Next): Promise<void> {
  for (let number = next(); number !== undefined; number = next()) {
    const session = await ClientSession.open(entry);
    await sendNumber(session, load, number);
    await session.close();
  }
}

function sendNumber(session: ClientSession, load: Drive, number: number): Promise<number> {
  const { envelope, pattern, run } = load;
  return session.send(envelope(number), messageHead(run, number), pattern.wireEnd);
}
