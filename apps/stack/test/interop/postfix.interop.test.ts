/**
 * Postfix as a peer, in every role that it has beside us: next hop, stranger who brings mail, and
 * client of our submission. And its smtp-sink as next hops that refuse, wait or vanish.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { submit } from '../system/author.ts';
import type { Replies } from '../system/author.ts';
import { lastNotification, notification, readStored } from '../system/mailbox.ts';
import type { StoredMessage } from '../system/mailbox.ts';
import type { MailSystem } from '../system/mail-system.ts';
import { oneProcess } from '../system/one-process.ts';
import { DOVECOT, startDovecot } from './dovecot.ts';
import { POSTFIX, startPostfix } from './postfix.ts';
import type { Postfix } from './postfix.ts';
import { describeWith, mustRun } from './program.ts';
import { freePort, startServer } from './server.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';

describeWith(POSTFIX, 'Postfix', () => {
  const ends: (() => Promise<void>)[] = [];
  let system: MailSystem;
  let postfix: Postfix;

  beforeAll(async () => {
    const port = await freePort();
    const routes = {
      'peer.test': { host: '127.0.0.1', port, tls: 'off' },
      'secure.peer.test': { host: 'localhost', port, tls: 'required' },
    };
    system = await oneProcess.start({ relay: { routes } }, (end) => void ends.unshift(end));
    postfix = await startPostfix(port, wayToUs(system), (end) => void ends.unshift(end));
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });

  test.each([
    ['in the clear', 'box@peer.test', 'ESMTP'],
    ['over TLS that it proves', 'box@secure.peer.test', 'ESMTPS'],
  ])('takes our mail %s', async (_, recipient, protocol) => {
    const content = `From: ${ALICE}\r\nSubject: To ${recipient}\r\n\r\n..\r\n..two dots\r\nnaïve ☃`;
    await submit(system, { author: ALICE, recipients: [recipient], content });
    await postfix.said(new RegExp(`to=<${recipient}>, relay=virtual, .*status=sent`));
    const message = await onlyMessage(postfix.maildir);
    expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
    expect(message.values('subject')).toEqual([`To ${recipient}`]);
    expect(message.values('received')).toEqual([
      expect.stringContaining(` with ${protocol} id `),
      expect.stringContaining(' with ESMTPSA id '),
    ]);
    expect(message.text).toMatch(/\n\n\.\n\.two dots\nnaïve ☃\n$/);
  });

  test('brings mail for our mailboxes', async () => {
    await smtpSource(postfix, 'dave@elsewhere.test', BOB);
    const { path } = await system.logs.delivery.next('delivered', { recipient: BOB });
    const message = await readStored(String(path));
    expect(message.values('return-path')).toEqual(['<dave@elsewhere.test>']);
    expect(message.values('received')).toHaveLength(2);
    expect(await postfix.said(new RegExp(`to=<${BOB}>.* status=sent`))).toContain('250 2.0.0');
  });

  test('hears why we refuse a recipient, and its notification says so', async () => {
    await smtpSource(postfix, ALICE, 'nobody@example.test');
    const { report } = await notification(system, ALICE);
    expect(report.recipients).toMatchObject([
      { action: 'failed', status: { class: 5, subject: 1, detail: 1 } },
    ]);
    expect(report.text?.replaceAll(/\s+/g, ' ')).toContain(
      'said: 550 5.1.1 No such mailbox here: nobody@example.test',
    );
  });

  test('sends through us as a smarthost, logged in over TLS that we prove', async () => {
    await smtpSource(postfix, ALICE, CAROL);
    const { path } = await system.logs.delivery.next('delivered', { recipient: CAROL });
    const message = await readStored(String(path));
    expect(message.values('received')[0]).toContain(' with ESMTPSA id ');
    expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
  });
});

describeWith([...POSTFIX, ...DOVECOT], 'Postfix as our relayhost', () => {
  const DAVE = 'dave@peer.test';

  test('takes our mail after login over TLS that it proves', async () => {
    const { postfix, system } = await beginWithRelayhost('correct horse');
    await submit(system, { author: BOB, recipients: [DAVE] });
    await postfix.said(new RegExp(`to=<${DAVE}>, relay=virtual, .*status=sent`));
    const [received] = (await onlyMessage(postfix.maildir)).values('received');
    expect(received).toContain(' with ESMTPSA id ');
    expect(received).toContain(`Authenticated sender: ${ALICE}`);
  });

  test('refuses our login: the mail waits, and the author reads why in the end', async () => {
    const { system } = await beginWithRelayhost('wrong horse');
    await submit(system, { author: BOB, recipients: [DAVE] });
    const { report } = await lastNotification(system, BOB);
    expect(report.recipients[0]?.diagnosticCode?.value).toContain('535 5.7.8 ');
  });

  /** A system whose mail for other domains goes to Postfix, which asks Dovecot who may log in. */
  async function beginWithRelayhost(password: string) {
    const port = await freePort();
    const system = await oneProcess.start(
      {
        relay: {
          outbound: 'relayhost',
          relayhost: {
            host: 'localhost',
            port,
            tls: 'required',
            user: ALICE,
            password_file: 'relayhost-password',
          },
          retry: { schedule: ['1s'], expire: '3s', delay_warning: '2s' },
        },
      },
      onTestFinished,
    );
    await writeFile(join(system.directory, 'relayhost-password'), password);
    const { saslPort } = await startDovecot(system.directory, onTestFinished);
    const file = (name: string): string => join(system.directory, name);
    const settings = {
      smtpd_tls_security_level: 'encrypt',
      smtpd_tls_cert_file: file('server.pem'),
      smtpd_tls_key_file: file('server.key'),
      smtpd_sasl_auth_enable: 'yes',
      smtpd_sasl_type: 'dovecot',
      smtpd_sasl_path: `inet:127.0.0.1:${saslPort}`,
      smtpd_sasl_authenticated_header: 'yes',
      smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
    };
    return { system, postfix: await startPostfix(port, settings, onTestFinished) };
  }
});

/** Mail for our domain goes to the relay's port; that for Carol through submission, as Alice's. */
function wayToUs({ accounts, directory, relay, submission }: MailSystem): Record<string, string> {
  const smarthost = `[localhost]:${submission.port}`;
  return {
    relay_domains: 'example.test',
    transport_maps: `inline:{ {${CAROL} = smtp:${smarthost}}, {example.test = smtp:[127.0.0.1]:${relay.port}} }`,
    smtp_sasl_auth_enable: 'yes',
    smtp_sasl_security_options: 'noanonymous',
    smtp_sasl_password_maps: `inline:{ {${smarthost} = ${ALICE}:${accounts[ALICE] ?? ''}} }`,
    smtp_tls_policy_maps: `inline:{ {${smarthost} = secure match=localhost} }`,
    smtp_tls_CAfile: join(directory, 'ca.pem'),
    smtpd_tls_security_level: 'may',
    smtpd_tls_cert_file: join(directory, 'server.pem'),
    smtpd_tls_key_file: join(directory, 'server.key'),
  };
}

/** A next hop that does this, and when the author hears that it is in vain. */
const FAULTS: readonly (readonly [string, readonly string[], 'at once' | 'in the end'])[] = [
  ['refuses the recipient', ['-f', 'rcpt'], 'at once'],
  ['refuses the content', ['-f', '.'], 'at once'],
  ['never has time for the recipient', ['-r', 'rcpt'], 'in the end'],
  ['never has time for the content', ['-r', '.'], 'in the end'],
  ['turns everybody away', ['-Q', 'connect'], 'in the end'],
  ['vanishes after the final dot', ['-q', '.'], 'in the end'],
];

const LIMITS: readonly (readonly [string, readonly string[]])[] = [
  ['knows no ESMTP', ['-e']],
  ['pipelines nothing', ['-p']],
  ['takes seven bits only', ['-8']],
  ['has no enhanced codes and no DSN', ['-E', '-N']],
  ['is behind a firewall that mangles', ['-P']],
  ['reads through a tiny window', ['-T', '100']],
];

describeWith(POSTFIX, 'a next hop', () => {
  test.each(FAULTS)('that %s: the author hears of it', async (_, faults, when) => {
    const { sink, system } = await beginWithSink(faults);
    await submit(system, { author: ALICE, recipients: ['dave@sink.test'] });
    const { report } = await lastNotification(system, ALICE);
    expect(report.recipients).toMatchObject([
      { action: 'failed', status: { class: 5 }, finalRecipient: { value: 'dave@sink.test' } },
    ]);
    // It may be asked again in the same session.
    const count = (what: string): number => sink.lines.filter((line) => line.includes(what)).length;
    const attempts = Math.max(count('connect (AF_INET'), count('MAIL FROM'));
    expect(attempts === 1 ? 'at once' : 'in the end').toBe(when);
  });

  test.each(LIMITS)('that %s gets the mail', async (_, limits) => {
    const { sink, system } = await beginWithSink(limits);
    const sent: Replies = await submit(system, {
      author: ALICE,
      recipients: ['dave@sink.test'],
      content: 'MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\nnaïve ☃',
      parameters: 'BODY=8BITMIME',
    });
    expect(sent.data).toMatch(/^250 /);
    await sink.said(/: DATA/);
    await system.stop(); // when the transaction under way has ended
    await sink.said(/: QUIT/);
    expect(sink.lines.filter((line) => line.includes('RCPT TO'))).toHaveLength(1);
  });
});

/** A system whose mail for sink.test goes to a sink; it is given up in three seconds. */
async function beginWithSink(switches: readonly string[]) {
  const port = await freePort();
  const args = ['-u', 'nobody', '-v', ...switches, `127.0.0.1:${port}`, '100'];
  const sink = await startServer({ program: 'smtp-sink', args }, port, /trying/);
  onTestFinished(() => sink.stop());
  const routes = { 'sink.test': { host: '127.0.0.1', port, tls: 'off' } };
  const retry = { schedule: ['1s'], expire: '3s', delay_warning: '2s' };
  const system = await oneProcess.start({ relay: { routes, retry } }, onTestFinished);
  return { sink, system };
}

/** The one message of a Maildir, which it leaves. */
async function onlyMessage(maildir: string): Promise<StoredMessage> {
  const [name = '', ...more] = await readdir(join(maildir, 'new'));
  expect(more).toEqual([]);
  const path = join(maildir, 'new', name);
  const message = await readStored(path);
  await rm(path);
  return message;
}

/** Gives Postfix a message, as an application on its host does. */
async function smtpSource({ port }: Postfix, sender: string, recipient: string): Promise<void> {
  const args = ['-4', '-f', sender, '-t', recipient, `127.0.0.1:${port}`];
  await mustRun({ program: 'smtp-source', args }, tmpdir());
}
