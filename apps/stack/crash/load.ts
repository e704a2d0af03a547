/**
 * Authors and strangers who send message after message, each with an id of its own, and
 * remember which were acknowledged. A session ends when the connection does, or is told to.
 */
import { connectDialogue } from '@posthouse/testkit';
import type { DialogueClient } from '@posthouse/testkit';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';

/** What was sent and, perhaps, acknowledged. */
export interface SentMessage {
  readonly id: string;
  readonly recipients: readonly string[];
  /** The queue id of the 250, where one was seen. */
  queueId?: string;
  /** The reply that refused it, where one was seen. */
  refusal?: string;
}

export interface LoadTarget {
  /** With login; absent: nobody logs in. */
  readonly submission?: {
    readonly host: string;
    readonly port: number;
    readonly ca: string;
    readonly user: string;
    readonly password: string;
  };
  readonly relay: { readonly host: string; readonly port: number };
  readonly recipients: readonly string[];
}

export interface Load {
  /** Lets each session end its message, and waits for all. */
  stop(): Promise<void>;
}

const SENDER = 'alice@example.test';
/** Above what the store keeps within the row. */
const LARGE_BYTES = 300_000;

/** Starts sessions against one life of the system; `name` makes ids unique. */
export function startLoad(
  name: string,
  target: LoadTarget,
  { progress, sent }: { readonly progress: Progress; readonly sent: SentMessage[] },
): Load {
  let isStopped = false;
  const sessions = Array.from({ length: 5 }, async (_, session) => {
    try {
      const client = await open(target, session);
      for (let n = 0; !isStopped; n += 1) {
        const message: SentMessage = {
          id: `${name}-${session}-${n}`,
          recipients: n % 4 === 3 ? target.recipients : target.recipients.slice(0, 1),
        };
        sent.push(message);
        await send(client, message, { progress, isLarge: n % 6 === 5 });
      }
      client.destroy();
    } catch {
      // the system has gone, which is what this is about
    }
  });
  return {
    async stop() {
      isStopped = true;
      await Promise.all(sessions);
    },
  };
}

/**
 * Sends one message as a stranger, and hears its answer or the end of the connection.
 * @param isLarge above what the store keeps within the row
 */
export async function sendOne(
  relay: LoadTarget['relay'],
  message: SentMessage,
  isLarge: boolean,
): Promise<void> {
  const client = await open({ relay, recipients: [] }, 0);
  await send(client, message, { progress: createProgress(), isLarge });
  client.destroy();
}

async function open({ relay, submission }: LoadTarget, session: number): Promise<DialogueClient> {
  if (submission === undefined || session % 2 === 0) {
    const stranger = await connectDialogue(relay);
    await stranger.play('S+ 220\nC: EHLO stranger.example.net\nS+ 250');
    return stranger;
  }
  const { ca, password, user } = submission;
  const client = await connectDialogue(submission);
  await client.play('S+ 220\nC: EHLO author.example.test\nS+ 250\nC: STARTTLS\nS+ 220');
  await client.secure({ ca, servername: 'localhost' });
  const credentials = Buffer.from(`\0${user}\0${password}`).toString('base64');
  await client.play(`C: EHLO author.example.test\nS+ 250\nC: AUTH PLAIN ${credentials}\nS+ 235`);
  return client;
}

async function send(
  client: DialogueClient,
  message: SentMessage,
  { isLarge, progress }: { readonly isLarge: boolean; readonly progress: Progress },
): Promise<void> {
  const refuse = (reply: string): void => {
    message.refusal = reply;
    progress.note('refused');
  };
  const answers = [await ask(client, `MAIL FROM:<${SENDER}>`)];
  for (const recipient of message.recipients) {
    answers.push(await ask(client, `RCPT TO:<${recipient}>`));
  }
  const refused = answers.find((answer) => !answer.startsWith('250'));
  if (refused !== undefined) {
    refuse(refused);
    await ask(client, 'RSET'); // what stands behind it is being restarted, or the disk is full
    return;
  }
  const start = await ask(client, 'DATA');
  if (!start.startsWith('354')) return refuse(start);
  client.send(`${contentOf(message, isLarge)}\r\n.\r\n`);
  progress.note('sent');
  const reply = (await client.reply()).join('\n');
  const queueId = /^250 .* as (\S+)$/.exec(reply)?.[1];
  if (queueId === undefined) return refuse(reply);
  message.queueId = queueId;
  progress.note('acknowledged');
}

function contentOf({ id, recipients }: SentMessage, isLarge: boolean): string {
  const line = `${'The quick brown fox jumps over the lazy dog. '.repeat(2)}\r\n`;
  const body = line.repeat(isLarge ? Math.ceil(LARGE_BYTES / line.length) : 3);
  const head = `From: ${SENDER}\r\nTo: ${recipients.join(', ')}\r\nSubject: ${id}\r\nX-Crash-Id: ${id}\r\n`;
  return `${head}X-Crash-Octets: ${body.length}\r\n\r\n${body}End of ${id}`;
}

async function ask(client: DialogueClient, line: string): Promise<string> {
  client.send(`${line}\r\n`);
  return (await client.reply()).join('\n');
}
