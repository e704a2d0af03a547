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
  readonly envelope: Envelope;
}

/** Sends everything; resolves when the last message has its 250. @throws Error */
export async function drive(entry: Entry, load: Drive): Promise<void> {
  let sent = 0;
  const next = (): string | undefined => {
    if (sent === load.messages) return undefined;
    sent += 1;
    return messageHead(load.run, sent);
  };
  const session = load.reuse ? sendMany : sendOneEach;
  await Promise.all(Array.from({ length: load.sessions }, () => session(entry, load, next)));
}

type Next = () => string | undefined;

async function sendMany(entry: Entry, load: Drive, next: Next): Promise<void> {
  const session = await ClientSession.open(entry, load.envelope);
  for (let head = next(); head !== undefined; head = next()) {
    await session.send(head, load.pattern.wireEnd);
  }
  await session.close();
}

async function sendOneEach(entry: Entry, load: Drive, next: Next): Promise<void> {
  for (let head = next(); head !== undefined; head = next()) {
    const session = await ClientSession.open(entry, load.envelope);
    await session.send(head, load.pattern.wireEnd);
    await session.close();
  }
}
