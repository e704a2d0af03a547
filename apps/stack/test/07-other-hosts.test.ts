/** Mail for other hosts: passed on, tried again, and told of where it cannot be. */
import { startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeer } from '@posthouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { logIn, submit } from './system/author.ts';
import type { MailSystem, Place, Sections, Shape } from './system/mail-system.ts';
import { notification, readStored } from './system/mailbox.ts';
import { startOneProcess } from './system/one-process.ts';
import { SHAPES } from './system/suite.ts';

const ALICE = 'alice@example.test';

async function peerSaying(...dialogues: readonly string[]): Promise<ScriptedPeer> {
  const peer = await startScriptedPeer(dialogues);
  onTestFinished(() => peer.stop());
  return peer;
}

/** Mail for elsewhere.test goes to this host; waits between attempts are short. */
function routeTo({ host, port }: Place, tls = 'off'): Sections {
  return {
    relay: {
      routes: { 'elsewhere.test': { host, port, tls } },
      retry: { schedule: ['1s'], expire: '1h', delay_warning: '30m' },
    },
  };
}

/** A system whose journey is this one; stopped before the peer, so that it ends its sessions itself. */
function begin(shape: Shape, sections: Sections): Promise<MailSystem> {
  return shape.start(sections, onTestFinished);
}

test.each(SHAPES)(
  'a host that takes some recipients and refuses one for good ($name)',
  async (shape) => {
    const peer = await peerSaying(
      `S: 220 mx.elsewhere.test ESMTP
     C: EHLO mail.example.test
     S: 250 mx.elsewhere.test
     C: MAIL FROM:<${ALICE}>
     S: 250 2.1.0 Ok
     C: RCPT TO:<bob@elsewhere.test>
     S: 250 2.1.5 Ok
     C: RCPT TO:<nobody@elsewhere.test>
     S: 550 5.1.1 We know of no nobody here
     C: DATA
     S: 354 Go on
     ! content
     S: 250 2.0.0 Ok: taken as 4711
     C: QUIT
     S: 221 Bye`,
    );
    const system = await begin(shape, routeTo(peer));
    const recipients = ['bob@elsewhere.test', 'nobody@elsewhere.test'];
    await submit(system, { author: ALICE, recipients });
    const { report, ...message } = await notification(system, ALICE);
    expect(message.values('return-path')).toEqual(['<>']);
    expect(report.recipients).toMatchObject([
      {
        finalRecipient: { value: 'nobody@elsewhere.test' },
        action: 'failed',
        status: { class: 5, subject: 1, detail: 1 },
        remoteMta: { value: '[127.0.0.1]' },
      },
    ]);
    expect(report.text).toContain('We know of no nobody here');
    await system.stop();
    expect(String(peer.contents)).toContain('Subject: Hello\r\n');
  },
);

test.each(SHAPES)('a host that is not ready, then waits, then takes it ($name)', async (shape) => {
  const peer = await peerSaying(
    `S: 421 4.3.2 Not now
     ! drop`,
    `S: 220 mx.elsewhere.test ESMTP
     C: EHLO *
     S: 250 mx.elsewhere.test
     C: MAIL FROM:<*>
     S: 250 Ok
     C: RCPT TO:<bob@elsewhere.test>
     S: 450 4.7.1 I have not seen you before, come again
     C: RSET
     S: 250 Ok
     C: MAIL FROM:<*>
     S: 250 Ok
     C: RCPT TO:<bob@elsewhere.test>
     S: 250 Ok
     C: DATA
     S: 354 Go on
     ! content
     S: 250 Ok
     ! mark taken
     C: QUIT
     S: 221 Bye`,
  );
  const system = await begin(shape, routeTo(peer));
  await submit(system, { author: ALICE, recipients: ['bob@elsewhere.test'] });
  await peer.reached('taken');
  await system.stop();
  expect(peer.connections).toBe(2);
});

test.each(SHAPES)('an author who asks is told of a delivery, too ($name)', async (shape) => {
  const system = await begin(shape, {});
  const author = await logIn(system, ALICE);
  await author.play(
    `C: MAIL FROM:<${ALICE}> RET=HDRS ENVID=ask+2B1
     S+ 250
     C: RCPT TO:<bob@example.test> NOTIFY=SUCCESS ORCPT=rfc822;bob@example.test
     S+ 250
     C: RCPT TO:<carol@example.test> NOTIFY=NEVER
     S+ 250
     C: DATA
     S+ 354
     C: From: ${ALICE}
     C< \\r\\nHello\\r\\n.\\r\\n
     S+ 250
     C: QUIT
     S+ 221`,
  );
  const { report } = await notification(system, ALICE);
  expect(report.envelopeId).toBe('ask+1');
  expect(report.recipients).toMatchObject([
    {
      originalRecipient: { value: 'bob@example.test' },
      action: 'delivered',
      status: { class: 2, subject: 0, detail: 0 },
    },
  ]);
  await system.stop();
});

test.each(SHAPES)(
  'what an author asks goes on to a host that notifies, and is answered for one that does not ($name)',
  async (shape) => {
    const takes = (offers: string, mail: string, rcpt: string): string =>
      `S: 220 mx.test ESMTP
       C: EHLO mail.example.test
       S: 250-mx.test
       S: 250 ${offers}
       C: MAIL FROM:<${ALICE}>${mail}
       S: 250 Ok
       C: RCPT TO:<${rcpt}
       S: 250 Ok
       C: DATA
       S: 354 Go on
       ! content
       S: 250 2.0.0 Ok: taken as 4711
       ! mark taken
       C: QUIT
       S: 221 Bye`;
    const asks = 'NOTIFY=SUCCESS,DELAY ORCPT=rfc822;robert@example.test';
    const [notifies, silent] = await Promise.all([
      peerSaying(takes('DSN', ' RET=HDRS ENVID=a+2B1', `bob@elsewhere.test> ${asks}`)),
      peerSaying(takes('8BITMIME', '*', 'carol@plain.test>')),
    ]);
    const route = ({ host, port }: Place) => ({ host, port, tls: 'off' });
    const system = await begin(shape, {
      relay: { routes: { 'elsewhere.test': route(notifies), 'plain.test': route(silent) } },
    });
    const author = await logIn(system, ALICE);
    await author.play(
      `C: MAIL FROM:<${ALICE}> RET=HDRS ENVID=a+2B1
       S+ 250
       C: RCPT TO:<bob@elsewhere.test> ${asks}
       S+ 250
       C: RCPT TO:<carol@plain.test> NOTIFY=SUCCESS
       S+ 250
       C: DATA
       S+ 354
       C: From: ${ALICE}
       C< \\r\\nHello\\r\\n.\\r\\n
       S+ 250
       C: QUIT
       S+ 221`,
    );
    await notifies.reached('taken');
    const { report } = await notification(system, ALICE);
    expect(report).toMatchObject({ envelopeId: 'a+1', recipients: [{ action: 'relayed' }] });
    expect(report.recipients[0]?.finalRecipient?.value).toBe('carol@plain.test');
    expect(report.text).toContain('taken as 4711');
    await system.stop();
  },
);

test.each(SHAPES)(
  'a second system is the host of the other domain, and writes back ($name)',
  async (shape) => {
    const there = await startOneProcess(
      { server: { hostname: 'mx.elsewhere.test' }, domains: { own: ['elsewhere.test'] } },
      onTestFinished,
      'elsewhere.test',
    );
    const here = await begin(shape, routeTo(there.relay, 'opportunistic'));
    const recipients = ['bob@elsewhere.test', 'nobody@elsewhere.test'];
    await submit(here, { author: ALICE, recipients });
    const { path } = await there.logs.delivery.next('delivered', {
      recipient: 'bob@elsewhere.test',
    });
    const message = await readStored(String(path));
    expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
    expect(message.values('received')[0]).toMatch(
      /^from mail\.example\.test .*\sby mx\.elsewhere\.test with ESMTPS /,
    );
    const { report } = await notification(here, ALICE);
    expect(report.text).toContain('No such mailbox here: nobody@elsewhere.test');
    await here.stop();
    await there.stop();
  },
);
