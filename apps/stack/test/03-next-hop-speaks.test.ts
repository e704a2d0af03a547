/** Submission alone keeps nothing: what its next hop says about a message, the author hears. */
import { startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeer } from '@posthouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { submit } from './system/author.ts';
import { startSubmissionAlone } from './system/submission-alone.ts';

const THREE = ['bob@elsewhere.test', 'nobody@elsewhere.test', 'carol@elsewhere.test'];

async function peerSaying(...dialogues: readonly string[]): Promise<ScriptedPeer> {
  const peer = await startScriptedPeer(dialogues);
  onTestFinished(() => peer.stop());
  return peer;
}

test('of three recipients the next hop refuses one, and the author hears so in its words', async () => {
  const peer = await peerSaying(
    `S: 220 hop.example.net ESMTP
     C: EHLO mail.example.test
     S: 250-hop.example.net
     S: 250 PIPELINING
     C: MAIL FROM:<alice@example.test>*
     S: 250 2.1.0 Ok
     C: RCPT TO:<bob@elsewhere.test>
     S: 250 2.1.5 Ok
     C: RCPT TO:<nobody@elsewhere.test>
     S: 550-5.1.1 We know of no nobody here,
     S: 550 5.1.1 ask https://elsewhere.test/people
     C: RCPT TO:<carol@elsewhere.test>
     S: 250 2.1.5 Ok
     C: DATA
     S: 354 Go on
     ! content
     S: 250 2.0.0 Ok: taken as 4711
     C: QUIT
     S: 221 Bye`,
  );
  const system = await startSubmissionAlone(peer);
  const replies = await submit(system, { author: 'alice@example.test', recipients: THREE });
  expect(replies.recipients).toEqual([
    expect.stringContaining('250 2.1.5'),
    '550-5.1.1 We know of no nobody here,\n550 5.1.1 ask https://elsewhere.test/people',
    expect.stringContaining('250 2.1.5'),
  ]);
  expect(replies.data).toMatch(/^250 2\.0\.0 /);
  await system.stop();
  expect(String(peer.contents)).toContain('Subject: Hello\r\n');
});

const TAKES_BOB = `
  S: 220 hop.example.net ESMTP
  C: EHLO *
  S: 250 hop.example.net
  C: MAIL FROM:<alice@example.test>
  S: 250 Ok
  C: RCPT TO:<bob@elsewhere.test>
  S: 250 Ok
  C: DATA
  S: 354 Go on
  ! content`;

test.each([
  [
    'refuses the content, in its words',
    `${TAKES_BOB}
     S: 554 5.7.1 This is an advertisement
     C: QUIT
     S: 221 Bye`,
    '554 5.7.1 This is an advertisement',
  ],
  [
    'has no room for it now, in its words',
    `${TAKES_BOB}
     S: 452 4.3.1 Come back at night
     C: QUIT
     S: 221 Bye`,
    '452 4.3.1 Come back at night',
  ],
  [
    'is lost after the final dot: nobody knows, so that the author may send again',
    `${TAKES_BOB}
     ! drop`,
    expect.stringMatching(/^451 4\.4\.2 /),
  ],
])('a next hop %s', async (_, dialogue, reply) => {
  const system = await startSubmissionAlone(await peerSaying(dialogue));
  const sending = { author: 'alice@example.test', recipients: ['bob@elsewhere.test'] };
  expect((await submit(system, sending)).data).toEqual(reply);
  await system.stop();
});

test('a next hop that is not there is a matter of time', async () => {
  const peer = await startScriptedPeer([]);
  const { host, port } = peer;
  await peer.stop(); // nobody listens here any more
  const system = await startSubmissionAlone({ host, port });
  const sending = { author: 'alice@example.test', recipients: ['bob@elsewhere.test'] };
  const { data, mail, recipients } = await submit(system, sending);
  expect([mail, ...recipients]).toContainEqual(expect.stringMatching(/^451 4\.4\.1 /));
  expect(data).toBeUndefined();
});
