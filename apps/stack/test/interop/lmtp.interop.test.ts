/** A real LMTP client hands mail to the delivery agent: one reply for each recipient. */
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { newMail } from '../system/mailbox.ts';
import { oneProcess } from '../system/one-process.ts';
import { describeWith, run } from './program.ts';

describeWith(['swaks'], 'swaks over LMTP', () => {
  test('is told of each recipient what became of the message', async () => {
    const sections = { delivery: { quotas: { 'carol@example.test': '1KB' } } };
    const system = await oneProcess.start(sections, onTestFinished);
    const recipients = ['bob', 'nobody', 'carol', 'alice'].map((name) => `${name}@example.test`);
    const { host, port } = system.lmtp;
    const server = ['--protocol', 'LMTP', '--server', host, '--port', String(port)];
    const message = [
      '--from',
      'a@example.net',
      '--to',
      recipients.join(),
      '--body',
      'x'.repeat(900),
    ];
    const { screen } = await run({ program: 'swaks', args: [...server, ...message] }, tmpdir());
    const replies = screen.split('\n').filter((line) => /^<(?:-|\*\*) +\d{3} /.test(line));
    expect(replies.slice(replies.findIndex((line) => line.includes(' 354 ')) + 1)).toEqual([
      expect.stringMatching(/ 250 2\.0\.0 /),
      expect.stringMatching(/ 552 5\.2\.2 /),
      expect.stringMatching(/ 250 2\.0\.0 /),
      expect.stringMatching(/ 221 2\.0\.0 /),
    ]);
    expect(screen).toMatch(/<\*\* 550 5\.1\.1 No such mailbox here/);
    expect(await newMail(system, 'bob@example.test')).toHaveLength(1);
    expect(await newMail(system, 'alice@example.test')).toHaveLength(1);
    expect(await newMail(system, 'carol@example.test')).toEqual([]);
  });
});
