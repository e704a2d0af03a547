/**
 * Messages at a steady rate, whether or not the ones before have been taken: what people do.
 *
 * A message that finds all sessions busy waits for one; that is told apart from the time of
 * its delivery, which begins with its final dot.
 */
import { createNumbered } from '../message.ts';
import { now } from '../meter/clock.ts';
import { pause } from '../subject/child.ts';
import { ClientSession } from './client-session.ts';
import type { Entry } from './client-session.ts';
import type { Drive } from './drive.ts';

/** What to send, and how fast. */
export interface PacedDrive extends Omit<Drive, 'seconds'> {
  readonly perSecond: number;
}

/** When a message went its way, by our `now`. */
export interface SentMessage {
  readonly number: number;
  /** Its session was opened, or was free. */
  readonly begunAt: number;
  /** Its final dot was written. */
  readonly sentAt: number;
  /** Its 250 was there. */
  readonly takenAt: number;
}

/** Sends everything; resolves when the last message has its 250. @throws Error */
export async function drivePaced(entry: Entry, load: PacedDrive): Promise<readonly SentMessage[]> {
  const sent: SentMessage[] = [];
  const startedAt = now();
  let begun = 0;
  const session = async (): Promise<void> => {
    const message = createNumbered(load.run, load.pattern);
    let open = load.reuse ? await ClientSession.open(entry) : undefined;
    while (begun < load.messages) {
      begun += 1;
      const number = begun;
      await pause(Math.max(0, startedAt + (number * 1000) / load.perSecond - now()));
      const begunAt = now();
      open ??= await ClientSession.open(entry);
      const sentAt = await open.send(load.envelope(number), message(number));
      sent.push({ number, begunAt, sentAt, takenAt: now() });
      if (load.reuse) continue;
      await open.close();
      open = undefined;
    }
    await open?.close();
  };
  await Promise.all(Array.from({ length: load.sessions }, session));
  return sent;
}
