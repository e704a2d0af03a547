/**
 * Clients of a mail system: authors who log in, and strangers who do not. Each says what
 * it is told and gives the replies back as they came.
 */
import { connectDialogue } from '@posthouse/testkit';
import type { DialogueClient } from '@posthouse/testkit';
import type { MailSystem, Place } from './mail-system.ts';

/** What an author must know of a system. */
export type AuthorsSystem = Pick<MailSystem, 'accounts' | 'ca' | 'submission' | 'submissionTls'>;

/** A message and how it is sent. */
export interface Sending {
  /** Who logs in, where somebody does. */
  readonly author: string;
  readonly recipients: readonly string[];
  /** The message, with CRLF; no line of it may begin with a dot. @default a short one from author to recipients */
  readonly content?: string;
  /** @default the author's address */
  readonly reversePath?: string;
  /** What stands behind the path in MAIL, as `BODY=8BITMIME`. */
  readonly parameters?: string;
}

/** What the server said. */
export interface Replies {
  readonly mail: string;
  /** In the order of the recipients. */
  readonly recipients: readonly string[];
  /** After the mail data; absent where no recipient was taken. */
  readonly data?: string;
}

/** Sends a message as an author does, over STARTTLS or with TLS from the start. */
export async function submit(
  system: AuthorsSystem,
  sending: Sending,
  way: 'starttls' | 'tls' = 'starttls',
): Promise<Replies> {
  const client = await logIn(system, sending.author, way);
  const replies = await transact(client, sending);
  await client.play('C: QUIT\nS+ 221');
  return replies;
}

/** A session of an author, ready for MAIL. */
export async function logIn(
  system: AuthorsSystem,
  account: string,
  way: 'starttls' | 'tls' = 'starttls',
): Promise<DialogueClient> {
  const trust = { ca: system.ca, servername: 'localhost' };
  const client = await connectDialogue(way === 'tls' ? system.submissionTls : system.submission);
  if (way === 'tls') await client.secure(trust);
  await client.play('S+ 220\nC: EHLO author.example.test\nS+ 250');
  if (way === 'starttls') {
    await client.play('C: STARTTLS\nS+ 220');
    await client.secure(trust);
    await client.play('C: EHLO author.example.test\nS+ 250');
  }
  const credentials = Buffer.from(`\0${account}\0${system.accounts[account] ?? ''}`);
  await client.play(`C: AUTH PLAIN ${credentials.toString('base64')}\nS+ 235`);
  return client;
}

/** Sends a message as any host may, without TLS and login. */
export async function sendAsStranger(
  to: Place,
  sending: Sending,
  localAddress = '127.0.0.1',
): Promise<Replies> {
  const client = await connectDialogue({ ...to, localAddress });
  await client.play('S+ 220\nC: EHLO stranger.example.net\nS+ 250');
  const replies = await transact(client, sending);
  await client.play('C: QUIT\nS+ 221');
  return replies;
}

/** Sends a message as a relay does that is no agent of ours; `data` has a reply for each recipient that was taken. */
export async function sendOverLmtp(to: Place, sending: Sending): Promise<Replies> {
  const client = await connectDialogue(to);
  await client.play('S+ 220\nC: LHLO relay.example.net\nS+ 250');
  const { data, ...replies } = await transact(client, sending);
  const taken = replies.recipients.filter(isPositive).length;
  const all = data === undefined ? [] : [data];
  while (all.length < taken) all.push((await client.reply()).join('\n'));
  await client.play('C: QUIT\nS+ 221');
  return data === undefined ? replies : { ...replies, data: all.join('\n') };
}

/** One mail transaction in a session. */
export async function transact(client: DialogueClient, sending: Sending): Promise<Replies> {
  const { author, recipients, content = shortMessage(sending), reversePath = author } = sending;
  const { parameters } = sending;
  const command = `MAIL FROM:<${reversePath}>`;
  const mail = await ask(client, parameters === undefined ? command : `${command} ${parameters}`);
  const answers: string[] = [];
  for (const recipient of recipients) answers.push(await ask(client, `RCPT TO:<${recipient}>`));
  if (!answers.some(isPositive)) {
    await ask(client, 'RSET');
    return { mail, recipients: answers };
  }
  await client.play('C: DATA\nS+ 354');
  const data = await ask(client, `${content}\r\n.`);
  return { mail, recipients: answers, data };
}

function isPositive(reply: string): boolean {
  return reply.startsWith('250');
}

async function ask(client: DialogueClient, line: string): Promise<string> {
  client.send(`${line}\r\n`);
  return (await client.reply()).join('\n');
}

function shortMessage({ author, recipients }: Sending): string {
  return `From: ${author}\r\nTo: ${recipients.join(', ')}\r\nSubject: Hello\r\n\r\nHow are you?`;
}
