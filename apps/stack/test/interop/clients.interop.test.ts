/**
 * The clients that people copy from tutorials, against a stack that runs: each sends a letter that
 * arrives as it was written, and each shows its user why another was refused.
 *
 * Each has a stack of its own: who logs in with a wrong password too often is kept waiting.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStored } from '../system/mailbox.ts';
import type { StoredMessage } from '../system/mailbox.ts';
import type { MailSystem } from '../system/mail-system.ts';
import { oneProcess } from '../system/one-process.ts';
import type { Client, Post } from './client.ts';
import { COMMANDS } from './commands.ts';
import { writeLetter } from './letter.ts';
import type { Letter } from './letter.ts';
import { LIBRARIES } from './libraries.ts';
import { describeWith, mustRun, run } from './program.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const NOBODY = 'nobody@example.test';

type Trouble = readonly [name: string, reply: RegExp, change: Partial<Post>, sizeBytes: number];

/** What goes wrong in everyday life, and the reply that the user gets to see. */
const TROUBLES: readonly Trouble[] = [
  ['the password is wrong', /535.{1,5}5\.7\.8 /, { password: 'wrong horse' }, 0],
  ['nobody knows the recipient', /550.{1,5}5\.1\.1 No such mailbox here/, { recipient: NOBODY }, 0],
  ['the address is of another', /553.{1,5}5\.7\.1 /, { sender: BOB }, 0],
  ['the letter is too large', /552.{1,5}5\.3\.4 /, {}, 100_000],
  ['there is no TLS', /530.{1,5}5\.7\.0 /, { way: 'clear' }, 0],
];

for (const client of [...LIBRARIES, ...COMMANDS]) {
  describeWith(['python3', ...client.needs], client.name, () => describeClient(client));
}

function describeClient(client: Client): void {
  const ends: (() => Promise<unknown>)[] = [];
  let system: MailSystem;
  let directory: string;

  /** What a client is told who does nothing wrong. */
  const post = (change: Partial<Post>): Post => ({
    directory,
    host: 'localhost',
    port: change.way === 'tls' ? system.submissionTls.port : system.submission.port,
    way: 'starttls',
    account: ALICE,
    password: system.accounts[ALICE] ?? '',
    sender: ALICE,
    recipient: BOB,
    caFile: join(system.directory, 'ca.pem'),
    ...change,
  });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'posthouse-client-'));
    ends.unshift(() => rm(directory, { recursive: true }));
    const sections = { submission: { max_message_size: '64KiB' } };
    system = await oneProcess.start(sections, (end) => void ends.unshift(end));
    await client.prepare?.(directory, post({}).caFile);
  }, 120_000); // compilers take their time
  afterAll(async () => {
    for (const end of ends) await end();
  });

  test.each(['starttls', 'tls'] as const)('sends a letter over %s', async (way) => {
    const told = post({ way });
    const letter = await writeLetter(told);
    const { exitCode, screen } = await run(client.send(told), directory);
    expect(exitCode, screen).toBe(0);
    const { path } = await system.logs.delivery.next('delivered', { recipient: BOB });
    const message = await readStored(String(path));
    await expectLetter(message, letter, client);
    expectMarks(message);
  });

  test.each(TROUBLES)('shows why not, when %s', async (trouble, reply, change, sizeBytes) => {
    const told = post(change);
    await writeLetter(told, sizeBytes);
    const { exitCode, screen } = await run(client.send(told), directory);
    expect(screen).toMatch(client.inItsOwnWords?.[trouble] ?? reply);
    expect(exitCode).not.toBe(0);
  });

  /** The letter reads as it was written; a file that was sent lies there as it is. */
  async function expectLetter(message: StoredMessage, letter: Letter, by: Client): Promise<void> {
    const reader = join(import.meta.dirname, 'programs', 'read.py');
    const command = { program: 'python3', args: [reader], input: message.text };
    const read: unknown = JSON.parse(await mustRun(command, directory));
    for (const part of by.sends) expect(read).toHaveProperty(part, letter[part].trimEnd());
    if (!by.sendsFile) return;
    const sent = await readFile(join(directory, 'letter.eml'), 'utf8');
    expect(bodyOf(message.text)).toBe(bodyOf(sent));
  }
}

function bodyOf(message: string): string {
  return message.slice(message.indexOf('\n\n')).trimEnd(); // swaks adds an empty line
}

/** What we add is there, once, and in its place. */
function expectMarks(message: StoredMessage): void {
  expect(message.fields.slice(0, 3)).toEqual(['return-path', 'delivered-to', 'received']);
  expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
  expect(message.values('received')).toEqual([
    expect.stringMatching(/ with (?:ESMTPSA|UTF8SMTPSA) id \S+\s+\(TLSv1\.3 \S+\)\s+for <bob@/),
  ]);
  for (const field of ['date', 'message-id', 'from', 'subject']) {
    expect(message.values(field), field).toHaveLength(1);
  }
}
