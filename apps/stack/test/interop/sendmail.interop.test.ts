/**
 * Programs of a Unix host that send their mail with sendmail, called by its path: each sends a
 * message that arrives, from whom and to whom it was meant.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStored } from '../system/mailbox.ts';
import type { StoredMessage } from '../system/mailbox.ts';
import type { ProcessSystem } from '../system/process-shape.ts';
import { installSendmail } from '../system/sendmail.ts';
import { stackProcess } from '../system/stack-process.ts';
import { describeWith, mustRun, run } from './program.ts';
import type { Command } from './program.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const TEXT = 'Dear Bob,\n.\n..two dots\nFrom here on: naïve café ☃\n';

const ends: (() => Promise<unknown>)[] = [];
let system: ProcessSystem;
let sendmail: string;

beforeAll(async () => {
  system = await stackProcess.start({}, (end) => void ends.unshift(end));
  sendmail = await installSendmail(system.directory);
  await writeFile(join(system.directory, 'text'), TEXT);
});
afterAll(async () => {
  await system.stop();
  for (const end of ends) await end();
});

/** Runs a program that sends a message to Bob, and reads the message. */
async function sent(command: Command): Promise<StoredMessage> {
  await mustRun(command, system.directory);
  const { path } = await system.logs.delivery.next('delivered', { recipient: BOB });
  return readStored(String(path));
}

function expectLetter(message: StoredMessage, author: string | RegExp): void {
  expect(message.text).toMatch(/\n\nDear Bob,\n(?:\.|=2E)\n\.\.two dots\n/); // s-nail encodes

  expect(message.values('subject')).toEqual(['Hello']);
  expect(message.values('return-path')).toEqual([expect.stringMatching(author)]);
  for (const field of ['date', 'from', 'message-id']) {
    expect(message.values(field), field).toHaveLength(1);
  }
}

describeWith(['php'], 'PHP mail()', () => {
  const call = (to: string): Command => ({
    program: 'php',
    args: [
      '-d',
      `sendmail_path=${sendmail} -t -i`,
      '-r',
      `exit(mail($argv[1], 'Hello', file_get_contents('text'), "From: Alice <${ALICE}>\\r\\nBcc: carol@example.test", '-f${ALICE}') ? 0 : 1);`,
      to,
    ],
  });
  test('sends', async () => {
    const message = await sent(call(BOB));
    expectLetter(message, `<${ALICE}>`);
    expect(message.fields).not.toContain('bcc');
  });
  test('says that nobody knows the recipient', async () => {
    const end = await run(call('nobody@example.test'), system.directory);
    expect(end.exitCode).toBe(1);
    expect(end.screen).toContain('550 5.1.1 No such mailbox here');
  });
});

describeWith(['git', '/usr/lib/git-core/git-send-email'], 'git send-email', () => {
  test('sends with --smtp-server=/path', async () => {
    await writeFile(
      join(system.directory, 'patch'),
      `From: Alice <${ALICE}>\nSubject: Hello\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${TEXT}`,
    );
    const options = ['--confirm=never', '--suppress-cc=all', `--envelope-sender=${ALICE}`];
    const whoever = ['-c', 'user.name=Alice', '-c', `user.email=${ALICE}`];
    const args = [
      ...whoever,
      'send-email',
      ...options,
      `--smtp-server=${sendmail}`,
      `--to=${BOB}`,
      'patch',
    ];
    expectLetter(await sent({ program: 'git', args }), `<${ALICE}>`);
  });
});

describeWith(['mutt'], 'mutt', () => {
  test('sends with $sendmail', async () => {
    const settings = `set from="${ALICE}" use_envelope_from=yes copy=no charset=utf-8 sendmail="${sendmail} -oem -oi" dsn_notify="failure,delay" sendmail_wait=0`;
    const args = ['-n', '-F', '/dev/null', '-e', settings, '-s', 'Hello', '--', BOB];
    expectLetter(await sent({ program: 'mutt', args, input: TEXT }), `<${ALICE}>`);
  });
});

describeWith(['s-nail'], 's-nail', () => {
  test('sends with mta=/path', async () => {
    const args = ['-:/', `-Smta=${sendmail}`, `-r${ALICE}`, '-Snosave', '-s', 'Hello', BOB];
    expectLetter(await sent({ program: 's-nail', args, input: TEXT }), `<${ALICE}>`);
  });
});

describeWith(['bsd-mailx'], 'bsd-mailx', () => {
  test('sends with sendmail in its settings', async () => {
    await writeFile(join(system.directory, 'mailrc'), `set sendmail="${sendmail}"\n`);
    const environment = { MAILRC: join(system.directory, 'mailrc') };
    const args = ['-n', '-I', '-s', 'Hello', 'bob'];
    expectLetter(
      await sent({ program: 'bsd-mailx', args, input: TEXT, environment }),
      /^<\S+@example.test>$/,
    );
  });
});

describeWith(['sh'], 'cron', () => {
  test('sends what a job wrote, called as Debian’s cron calls it', async () => {
    const job = [
      'From: root (Cron Daemon)\nTo: bob\nSubject: Hello\nMIME-Version: 1.0',
      'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit',
      `X-Cron-Env: <LOGNAME=root>\n\n${TEXT}`,
    ].join('\n');
    const args = ['-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'bob'];
    const message = await sent({ program: sendmail, args, input: job });
    expectLetter(message, /^<\S+@example.test>$/);
    expect(message.values('from')).toEqual(['root@example.test (Cron Daemon)']);
    expect(message.values('to')).toEqual(['bob@example.test']);
  });
});
