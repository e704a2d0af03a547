/** A smarthost that speaks as its provider documents: its limits hold mail back and fail none of it. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgentProcess, startScriptedPeer } from '@posthouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { sendAsStranger } from './system/author.ts';
import { onlyPlace } from './system/place.ts';
import { configurationText, createWorkplace } from './system/workplace.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');
const ALICE = 'alice@example.test';
/** For hangs. */
const LIMIT = { timeout: 120_000 };

function posthouse(directory: string, ...words: readonly string[]): Promise<string> {
  const args = ['--conditions=@posthouse/source', MAIN, ...words];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: directory }, (error, out, err) => {
      if (error === null) resolve(out);
      else reject(new Error(err));
    });
  });
}

test('Gmail’s daily limit is a rest, seen by operators, and no failure', LIMIT, async () => {
  const peer = await startScriptedPeer([
    `S: 220 smtp.gmail.com ESMTP
     C: EHLO *
     S: 250-smtp.gmail.com at your service
     S: 250 AUTH LOGIN PLAIN XOAUTH2
     C: AUTH XOAUTH2 *
     S: 235 2.7.0 Accepted
     C: MAIL FROM:<${ALICE}>
     S: 250 2.1.0 OK
     C: RCPT TO:<bob@other.example>
     S: 250 2.1.5 OK
     C: DATA
     S: 354 Go ahead
     ! content
     S: 550-5.4.5 Daily user sending limit exceeded. For more information on Gmail
     S: 550 5.4.5 sending limits go to https://support.google.com/a/answer/166852
     C: QUIT
     S: 221 2.0.0 closing connection`,
  ]);
  onTestFinished(() => peer.stop());
  const { directory } = await createWorkplace(onTestFinished);
  const relay = {
    outbound: 'relayhost',
    trusted_networks: ['127.0.0.1/32'],
    relayhost: {
      provider: 'gmail',
      host: peer.host,
      port: peer.port,
      tls: 'off',
      user: 'me@gmail.com',
      limits: { recipients_per_day: 1 },
      token: { command: [process.execPath, '-e', 'console.log("ya29.token")'] },
    },
    sending_limits: { each_tenant: { messages_per_day: 100 } },
  };
  await writeFile(join(directory, 'posthouse.toml'), configurationText({ relay }));
  const stack = startAgentProcess({ program: MAIN, directory, args: ['up'] });
  const facts = await stack.log.next('ready');
  await sendAsStranger(onlyPlace(facts['relay']), {
    author: ALICE,
    recipients: ['bob@other.example'],
    content: `From: ${ALICE}\r\nSubject: limit\r\n\r\nHello`,
  });
  const rest = await stack.log.next('host-rests');
  expect(rest['reason']).toMatch(/^The sending limit of the last 24 hours is used up /);
  const list = await posthouse(directory, 'queue', 'list');
  expect(list).toMatch(/next attempt in .*; 1 try; 550 5\.4\.5 Daily user sending limit exceeded/);
  const sites = await posthouse(directory, 'queue', 'sites');
  expect(sites).toMatch(
    /^Gmail me@gmail\.com {2}0 of 1 at once; .*; 1 used of 500 messages a day; .*; rests for 5\dm/m,
  );
  const summary = await posthouse(directory, 'queue', 'summary');
  expect(summary).toMatch(
    /\n\nsites that get less than they could\nGmail me@gmail\.com {2}.*; 1 used of 1 recipient a day \(free in (?:1d|23h\d+m)\); .*rests for 5\dm/,
  );
  const explained = await posthouse(directory, 'explain', 'x@other.example', '--from', ALICE);
  expect(explained).toContain('site Gmail me@gmail.com: 1 recipient a day, 500 messages a day');
  expect(explained).toContain('tenant example.test: 1 used of 100 messages a day');
  expect(explained).toMatch(/pace +Gmail me@gmail\.com .*rests for 5\dm/);
  await stack.stop();
});
