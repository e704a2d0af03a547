/**
 * `sendmail -bs`: SMTP on standard input and output.
 *
 * The listener of every agent speaks, on a socket in a directory of our own that standard
 * input and output are connected to. In front of it is whoever takes mail, so that each
 * reply is his; where nobody answers when the session begins, it is the spool, which takes
 * every recipient and answers for a message when it is on the disk.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import { connect, createListener, createNextHop } from '@posthouse/smtp';
import type { ConnectTarget, NextHop } from '@posthouse/smtp';
import { canonicalLines } from './canonical-lines.ts';
import type { SendmailPlace } from './send.ts';
import { createSpoolReceiver } from './spool-receiver.ts';

/** Speaks until the client or we take leave. */
export async function speakSmtp(
  input: Readable,
  output: Writable,
  place: SendmailPlace,
): Promise<void> {
  const { clock, logger, settings } = place;
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-'));
  const path = join(directory, 'smtp');
  const next = await reach(settings.target, place);
  const listener = createListener(
    {
      protocol: 'smtp',
      listen: { path },
      hostname: settings.hostname,
      postmasterDomain: settings.domain,
    },
    { receiver: next ?? createSpoolReceiver(place), clock, logger },
  );
  try {
    await next?.start();
    await listener.start();
    const socket = connectSocket(path);
    const spoken = speak(input, socket);
    await pipeline(socket, output, { end: false }).catch(() => undefined);
    input.destroy();
    await spoken;
  } finally {
    await listener.stop();
    await next?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const TAIL_LENGTH = 16;

/**
 * Says what the client says. Its end is no end of the connection, because replies are still to
 * come: who did not take leave is made to, and a message that breaks off is given up.
 */
async function speak(input: Readable, socket: Socket): Promise<void> {
  let [tail, isOver] = ['', false];
  let awaitsData = false;
  socket.on('data', (reply: Buffer) => {
    awaitsData = /(?:^|\n)354[^\n]*\n$/.test(reply.toString('latin1'));
    if (isOver && awaitsData) socket.destroy();
  });
  try {
    // Programs of this host end lines with LF, which ends none in SMTP.
    for await (const chunk of canonicalLines(input, { endsAtDot: false })) {
      const end = chunk.toString('latin1', Math.max(0, chunk.length - TAIL_LENGTH));
      tail = (tail + end).slice(-TAIL_LENGTH);
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    }
  } catch {
    return; // the session is over, and standard input with it
  }
  isOver = !/(?:^|\n)(?:quit\s*|\.\r?\n)$/i.test(tail);
  if (isOver && awaitsData) socket.destroy();
  else socket.write('QUIT\r\n');
}

/** The next hop, if it answers now. */
async function reach(
  target: ConnectTarget | undefined,
  deps: Pick<SendmailPlace, 'clock' | 'logger'>,
): Promise<NextHop | undefined> {
  if (target === undefined) return undefined;
  try {
    const session = await connect(target, deps);
    await session.quit();
    return createNextHop({ target }, deps);
  } catch {
    return undefined; // the spool takes it
  }
}
