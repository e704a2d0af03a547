/** Mail from other hosts comes in at the relay's port, for our own mailboxes, and for nobody else. */
import { connectDialogue } from '@posthouse/testkit';
import { expect, test } from 'vitest';
import { sendAsStranger } from './system/author.ts';
import { acceptance, arrival } from './system/mailbox.ts';
import { describeInEveryShape } from './system/suite.ts';

const BOB = 'bob@example.test';
const STRANGER = 'dave@example.net';

describeInEveryShape('a stranger', {}, (system, shape) => {
  test('writes to one of our mailboxes', async () => {
    const sent = await sendAsStranger(system().relay, { author: STRANGER, recipients: [BOB] });
    const message = await arrival(system(), sent, BOB, 'relay');
    expect(message.values('return-path')).toEqual([`<${STRANGER}>`]);
    // No login and no TLS in his hop; what our agents have between them is theirs.
    const received = message.values('received').map((value) => / with (\S+) /.exec(value)?.[1]);
    expect(received).toEqual([...shape.hops.slice(0, -2), 'ESMTP']);
    expect(message.values('received').at(-1)).toMatch(
      /^from stranger\.example\.net \(\[127\.0\.0\.1\]\)/,
    );
    // Nothing is repaired that is not our author's.
    expect(message.fields).not.toContain('message-id');
    expect(await acceptance(system(), sent, 'relay')).toMatchObject({
      peer: '127.0.0.1',
      greeting: 'stranger.example.net',
    });
  });

  test('hears at once that there is nobody of that name', async () => {
    const recipients = ['nobody@example.test', BOB];
    const sent = await sendAsStranger(system().relay, { author: STRANGER, recipients });
    expect(sent.recipients[0]).toBe('550 5.1.1 No such mailbox here: nobody@example.test');
    await arrival(system(), sent, BOB, 'relay');
  });

  test('cannot log in where authors do not', async () => {
    const client = await connectDialogue(system().relay);
    await client.play('S+ 220\nC: EHLO stranger.example.net\nS+ 250\nC: AUTH PLAIN AGEAYg==\nS+ 5');
    client.destroy();
  });
});
