/** Smarthosts that speak as their providers document: limits and logins hold mail back and fail none of it. */
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

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = (user: string, password: string): string =>
  `C: AUTH PLAIN ${base64(`\0${user}\0${password}`)}`;
const bearer = (user: string, token: string): string =>
  `C: AUTH XOAUTH2 ${base64(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`)}`;
const tokenOf = (token: string) => ({
  command: [process.execPath, '-e', `console.log("${token}")`],
});

/** What a provider says and what becomes of a message to `bob@NAME.example`. */
interface Said {
  /** Names the recipient's domain, by which the provider is chosen. */
  readonly name: string;
  readonly hop: Readonly<Record<string, unknown>>;
  /** The extensions behind EHLO. */
  readonly offers: string;
  /** The login that is expected, with its reply. */
  readonly login: string;
  /** Where in the transaction it says so; absent: in reply to the login. */
  readonly at?: 'mail' | 'content';
  /** Its reply there. */
  readonly reply: string;
  /** How the operator is told; absent: it is a success. */
  readonly advice?: string;
  readonly restMs?: number;
}

const MICROSOFT_OFFERS = 'AUTH LOGIN XOAUTH2';
const SECRET = { password_file: 'secret' };
const PASSWORD = 'between our own agents';
const SAID: readonly Said[] = [
  {
    name: 'microsoft-connections',
    hop: { provider: 'microsoft365', user: 'busy@contoso.example', token: tokenOf('eyJ0') },
    offers: MICROSOFT_OFFERS,
    login: `${bearer('busy@contoso.example', 'eyJ0')}\nS: 235 2.7.0 Authentication successful`,
    at: 'content',
    reply: '432 4.3.2 Concurrent connections limit exceeded.',
    advice: 'A mailbox may have three connections at once',
    restMs: 60_000,
  },
  {
    name: 'microsoft-blocked',
    hop: { provider: 'microsoft365', user: 'blocked@contoso.example', token: tokenOf('eyJ0') },
    offers: MICROSOFT_OFFERS,
    login: `${bearer('blocked@contoso.example', 'eyJ0')}\nS: 235 2.7.0 Authentication successful`,
    at: 'content',
    reply: '550 5.1.8 Access denied, bad outbound sender',
    advice: 'The account is blocked for what it sent',
    restMs: 3_600_000,
  },
  {
    name: 'microsoft-password',
    hop: { provider: 'microsoft365', user: 'me@contoso.example', ...SECRET },
    offers: MICROSOFT_OFFERS,
    login: `C: AUTH LOGIN
      S: 334 VXNlcm5hbWU6
      C: ${base64('me@contoso.example')}
      S: 334 UGFzc3dvcmQ6
      C: ${base64(PASSWORD)}`,
    reply: '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled',
    advice: 'Login with a password is switched off',
    restMs: 900_000,
  },
  {
    name: 'ses-rate',
    hop: { provider: 'ses', region: 'eu-west-1', user: 'AKIAFAST', ...SECRET },
    offers: 'AUTH PLAIN LOGIN',
    login: `${plain('AKIAFAST', PASSWORD)}\nS: 235 Authentication successful.`,
    at: 'content',
    reply: '454 Throttling failure: Maximum sending rate exceeded.',
    advice: "Faster than the account's sending rate",
    restMs: 10_000,
  },
  {
    name: 'ses-login',
    hop: { provider: 'ses', region: 'eu-west-1', user: 'AKIAWRONG', ...SECRET },
    offers: 'AUTH PLAIN LOGIN',
    login: plain('AKIAWRONG', PASSWORD),
    reply: '535 Authentication Credentials Invalid',
    advice: 'SMTP credentials of this region are needed',
    restMs: 900_000,
  },
  {
    name: 'sendgrid-takes',
    hop: { provider: 'sendgrid', ...SECRET },
    offers: 'AUTH PLAIN LOGIN',
    login: `${plain('apikey', PASSWORD)}\nS: 235 Authentication successful`,
    at: 'content',
    reply: '250 Ok: queued as 6x1Q',
  },
  {
    name: 'sendgrid-credits',
    hop: { provider: 'sendgrid', ...SECRET },
    offers: 'AUTH PLAIN LOGIN',
    login: plain('apikey', PASSWORD),
    reply: '451 Authentication failed: Maximum credits exceeded',
    advice: 'The credits of the plan are used up',
    restMs: 3_600_000,
  },
  {
    name: 'yahoo-deferral',
    hop: { provider: 'yahoo', user: 'me@yahoo.com', ...SECRET },
    offers: 'AUTH PLAIN LOGIN XOAUTH2',
    login: `${plain('me@yahoo.com', PASSWORD)}\nS: 235 2.0.0 OK`,
    at: 'mail',
    reply:
      '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints',
    advice: 'Yahoo defers our mail',
    restMs: 1_800_000,
  },
];

/** A session in which all goes well until it says so. */
function dialogueOf({ at, login, name, offers, reply }: Said): string {
  const transaction = [
    `C: MAIL FROM:<${ALICE}>`,
    `S: 250 OK\nC: RCPT TO:<bob@${name}.example>\nS: 250 OK\nC: DATA\nS: 354 Go ahead\n! content`,
  ].slice(0, ['mail', 'content'].indexOf(at ?? '') + 1);
  const greeting = `S: 220 ${name} ESMTP\nC: EHLO *\nS: 250-${name}\nS: 250 ${offers}`;
  // Whoever was not let in, or is sent away, says no farewell.
  const end = at === undefined || reply.startsWith('421') ? '' : 'C: QUIT\nS: 221 Bye';
  return [greeting, login, ...transaction, `S: ${reply}\n! mark said`, end].join('\n');
}

test('what providers say of us is a rest with advice, and no failure', LIMIT, async () => {
  const played = await Promise.all(
    SAID.map(async (said) => ({ ...said, peer: await startScriptedPeer([dialogueOf(said)]) })),
  );
  for (const { peer } of played) onTestFinished(() => peer.stop());
  const routes = played.map(({ hop, name, peer: { host, port } }) => {
    return [`${name}.example`, { ...hop, host, port, tls: 'off' }] as const;
  });
  const { directory } = await createWorkplace(onTestFinished);
  const relay = { trusted_networks: ['127.0.0.1/32'], routes: Object.fromEntries(routes) };
  await writeFile(join(directory, 'posthouse.toml'), configurationText({ relay }));
  const stack = startAgentProcess({ program: MAIN, directory, args: ['up'] });
  const facts = await stack.log.next('ready');
  for (const { advice, name, peer, restMs } of played) {
    const recipients = [`bob@${name}.example`];
    await sendAsStranger(onlyPlace(facts['relay']), { author: ALICE, recipients });
    await peer.reached('said');
    if (advice === undefined) continue;
    const { reason, restMs: told } = await stack.log.next('host-rests');
    expect(reason, name).toContain(advice);
    expect(told, name).toBe(restMs);
  }
  await stack.stop();
  const list = await posthouse(directory, 'queue', 'list');
  const lines = list.split('\n');
  for (const { advice, name, reply } of SAID) {
    const at = lines.findIndex((line) => line.endsWith(` -> <bob@${name}.example>`));
    if (advice === undefined) expect(at, name).toBe(-1);
    else expect(lines[at + 1], name).toMatch(/^ {4}next attempt in [^;]+; 1 try; /);
    if (advice !== undefined) expect(lines[at + 1]).toContain(`1 try; ${reply}`);
  }
});
