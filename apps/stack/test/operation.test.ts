/** The operator's commands, as they are typed: over a stack that runs, and over what it left. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDnsServer } from '@posthouse/dns/testing';
import { startAgentProcess, startScriptedPeer } from '@posthouse/testkit';
import type { AgentProcess } from '@posthouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { sendAsStranger } from './system/author.ts';
import { posthouse } from './system/commands.ts';
import type { Said } from './system/commands.ts';
import { onlyPlace } from './system/place.ts';
import { configurationText, createWorkplace } from './system/workplace.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');
const ALICE = 'alice@example.test';

interface Operated {
  readonly directory: string;
  readonly stack: AgentProcess;
  /** Runs `posthouse` with these words. */
  readonly posthouse: (...words: readonly string[]) => Promise<Said>;
  /** Sends, and gives the queue id. */
  readonly send: (id: string, ...recipients: readonly string[]) => Promise<string>;
}

/** A stack whose mail for other domains waits: nobody listens at its relayhost. */
async function start(): Promise<Operated> {
  const { directory } = await createWorkplace(onTestFinished);
  const relay = {
    outbound: 'relayhost',
    relayhost: { host: '127.0.0.1', port: 1, tls: 'off' },
    trusted_networks: ['127.0.0.1/32'],
  };
  await writeFile(join(directory, 'posthouse.toml'), configurationText({ relay }));
  const stack = startAgentProcess({ program: MAIN, directory, args: ['up'] });
  const facts = await stack.log.next('ready');
  return {
    directory,
    stack,
    posthouse: (...words) => posthouse(directory, words),
    async send(id, ...recipients) {
      const content = `From: ${ALICE}\r\nSubject: ${id}\r\nMessage-ID: <${id}@example.test>\r\n\r\nHello`;
      const sending = { author: ALICE, recipients, content };
      const { data = '' } = await sendAsStranger(onlyPlace(facts['relay']), sending);
      return / as (\S+)/.exec(data)?.[1] ?? data;
    },
  };
}

type Line = Readonly<Record<string, string | number>>;

function lines({ out }: Said): readonly Line[] {
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line); // objects of our own
}

/** For hangs: each command is a process of its own. */
const LIMIT = { timeout: 120_000 };

test('the queue of a stack that runs is looked at and changed', LIMIT, async () => {
  const { posthouse, send } = await start();
  const first = await send('first', 'bob@other.example', 'carol@third.example');
  const second = await send('second', 'dave@other.example');
  expect(lines(await posthouse('queue', 'list', '--json', '--domain', 'other.example'))).toEqual([
    expect.objectContaining({ id: first, recipient: 'bob@other.example', sender: ALICE }),
    expect.objectContaining({ id: second, recipient: 'dave@other.example' }),
  ]);
  const held = await posthouse('queue', 'hold', '--domain', 'third.example');
  expect(held.out).toBe('1 recipient held\n');
  const summary = await posthouse('queue', 'summary');
  expect(summary.out).toMatch(/^domain +all +<5m +<30m +<2h +<8h +<1d +<2d +older +held$/m);
  expect(summary.out).toMatch(/^third\.example +1 +1( +\.){6} +1\n {4}no attempt; /m);
  const content = await posthouse('queue', 'show', second, '--content');
  expect(content.out).toMatch(/^Received: [^]*\r\nSubject: second\r\n[^]*\r\n\r\nHello\r\n$/);
  const traced = await posthouse('trace', '<first@example.test>');
  expect(traced.out).toMatch(new RegExp(`^\\S+ ${first} <bob@other\\.example> accepted from `));
  expect(traced.out).toMatch(/<carol@third\.example> held by an operator\n/);
  const [kept] = lines(await posthouse('queue', 'events', '--json'));
  expect(kept).toMatchObject({ kind: 'accepted', message: first, sender: ALICE });
  const rest = await posthouse('queue', 'events', '--after', String(kept?.['cursor']));
  expect(rest.out).toMatch(new RegExp(`^\\S+ ${first} <carol@third\\.example> accepted`));
});

test('the queue that a killed stack left is looked at and changed', LIMIT, async () => {
  const { directory, posthouse, send, stack } = await start();
  const [silent, told] = [
    await send('silent', 'bob@other.example'),
    await send('told', 'bob@other.example'),
  ];
  await stack.kill();
  const shown = await posthouse('queue', 'show', told);
  expect(shown.out).toMatch(/^Message-ID +<told@example\.test>$/m);
  const folder = join(directory, 'out');
  expect((await posthouse('queue', 'export', folder)).out).toMatch(/^2 messages written/);
  expect((await readdir(folder)).toSorted()).toEqual([
    ...[`${silent}.eml`, `${told}.eml`].toSorted(),
    'messages.ndjson',
  ]);
  expect((await posthouse('queue', 'remove', silent)).out).toBe('1 recipient removed\n');
  const removed = await posthouse('queue', 'remove', told, '--notify');
  expect(removed.out).toBe('1 recipient removed\n');
  expect(lines(await posthouse('queue', 'list', '--json'))).toEqual([
    expect.objectContaining({ sender: '<>', recipient: ALICE }),
  ]);
  expect((await posthouse('trace', told)).out).toMatch(
    / removed by an operator\n.* author notified/,
  );
  const imported = await posthouse('queue', 'import', folder, '--json');
  expect(lines(imported).map((line) => line['id'])).toEqual([silent, told].toSorted());
});

test('wrong use, no queue and no way to it are told, each with its code', LIMIT, async () => {
  const { directory, posthouse, stack } = await start();
  const expectFailure = async (code: number, text: string, ...words: readonly string[]) => {
    const said = await posthouse(...words);
    expect(said.err).toContain(text);
    expect(said.code).toBe(code);
  };
  await expectFailure(64, '--all', 'queue', 'remove');
  await expectFailure(64, 'domain cannot be read', 'queue', 'list', '--domain', 'no domain');
  await expectFailure(64, 'id cannot be read', 'queue', 'show', 'first');
  await expectFailure(66, 'there is no messages.ndjson', 'queue', 'import', directory);
  await expectFailure(64, '--after first', 'queue', 'events', '--after', 'first');
  await expectFailure(65, 'Nothing is known', 'trace', 'nobody@example.org');
  await rm(join(directory, 'var', 'control.sock'));
  await expectFailure(69, 'in use', 'queue', 'list');
  await stack.stop();
  await expectFailure(69, 'Nothing runs', 'trace', ALICE, '--follow');
  await rm(join(directory, 'var', 'queue'), { recursive: true });
  await expectFailure(66, 'no queue yet', 'queue', 'list');
});

test('the way of an address is explained with the settings that make it', LIMIT, async () => {
  const { directory } = await createWorkplace(onTestFinished);
  const partner = { host: '192.0.2.7', port: 25, tls: 'required' };
  const text = configurationText({
    relay: {
      outbound: 'off',
      routes: { 'partner.example': partner },
      account_routes: { [ALICE]: [{ ...partner, source_addresses: ['192.0.2.8'] }, partner] },
    },
    aliases: { 'team@example.test': [ALICE, 'x@partner.example'] },
  });
  await writeFile(join(directory, 'posthouse.toml'), text);
  const explain = async (...words: readonly string[]) =>
    lines(await posthouse(directory, ['explain', '--json', ...words])).map(
      ({ because, text: said, topic }) => `${topic}: ${said} (${because})`,
    );
  const team = await explain('team@example.test', '--from', ALICE);
  expect(team).toEqual(
    expect.arrayContaining([
      `author: ${ALICE} may write from it, logged in (the account owns it)`,
      `meaning: stands for ${ALICE}, x@partner.example (aliases."team@example.test")`,
      'host: 1. 192.0.2.7:25, TLS required, certificate checked (relay.routes."partner.example")',
      'verdict: from a stranger: accepted (no rule against it)',
    ]),
  );
  const outside = await explain('bob@elsewhere.example');
  expect(outside).toContain('route: none: mail to other domains is off (relay.outbound)');
  expect(outside.at(-2)).toMatch(/^verdict: from an author .*: 550 5\.7\.1 .*\(relay\.outbound\)$/);
  expect(await explain('bob@elsewhere.example', '--from', ALICE)).toEqual(
    expect.arrayContaining([
      `route: to the hosts that are named (relay.account_routes."${ALICE}")`,
      `host: 1. 192.0.2.7:25, TLS required, certificate checked, from 192.0.2.8 (relay.account_routes."${ALICE}")`,
      'verdict: from an author who logged in: accepted (no rule against it)',
    ]),
  );
  expect((await explain('nobody@example.test')).at(-1)).toMatch(/ from a stranger: 550 5\.1\.1 /);
});

test('a mailbox that only the delivery agent knows is explained by the way to that', async () => {
  const { directory } = await createWorkplace(onTestFinished);
  const delivery = { host: 'mail.example.test', port: 2424, tls: 'required' };
  const text = configurationText({ relay: { recipient_check: 'delivery', delivery } });
  await writeFile(join(directory, 'posthouse.toml'), text);
  const { out } = await posthouse(directory, ['explain', '--json', 'nobody@example.test']);
  expect(out).toContain('to the delivery agent at mail.example.test:2424 (LMTP), TLS required');
});

test(
  'the mail hosts of another domain are explained by the records that name them',
  LIMIT,
  async () => {
    const dns = createDnsServer({
      'example.net': {
        mx: [
          [20, 'mx2.example.net'],
          [10, 'mx1.example.net'],
        ],
      },
      'mx1.example.net': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
      'mx2.example.net': { a: ['127.0.0.1'] }, // nobody's mail host
      'null.example': { mx: [[0, '.']] },
    });
    await dns.start();
    onTestFinished(() => dns.stop());
    const { directory } = await createWorkplace(onTestFinished);
    const text = configurationText({
      relay: { outbound: 'mx', tls: { rules: { 'example.net': 'encrypt' } } },
      dns: { servers: [dns.address] },
    });
    await writeFile(join(directory, 'posthouse.toml'), text);
    const explain = async (address: string) =>
      lines(await posthouse(directory, ['explain', '--json', address])).map(
        ({ text: said }) => said,
      );
    expect(await explain('bob@example.net')).toEqual(
      expect.arrayContaining([
        '10 mx1.example.net, 20 mx2.example.net',
        '1. mx1.example.net, [2001:db8::1]:25',
        '2. mx1.example.net, 192.0.2.1:25',
        'mx1.example.net: required, any certificate',
      ]),
    );
    expect(await explain('bob@null.example')).toEqual(
      expect.arrayContaining([
        'none: 556 5.1.10 null.example takes no mail (null MX)',
        'from an author who logged in: 556 5.1.10 null.example takes no mail (null MX)',
      ]),
    );
  },
);

test('the hosts of an address are probed, and hear of no mail', LIMIT, async () => {
  const { directory } = await createWorkplace(onTestFinished);
  const file = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const peer = await startScriptedPeer(
    [
      `S: 220 mx.partner.example ready
      C: EHLO mail.example.test
      S: 250-mx.partner.example
      S: 250 STARTTLS
      C: STARTTLS
      S: 220 go on
      ! tls
      C: EHLO mail.example.test
      S: 250-mx.partner.example
      S: 250-SIZE 20000000
      S: 250-LIMITS RCPTMAX=50
      S: 250 PIPELINING
      C: QUIT
      S: 221 bye`,
    ],
    { tls: { key: await file('server.key'), cert: await file('server.pem') } },
  );
  onTestFinished(() => peer.stop());
  const nobody = await startScriptedPeer(['S: 554 5.7.1 not you']);
  onTestFinished(() => nobody.stop());
  const routes = {
    'partner.example': { host: 'localhost', port: peer.port, tls: 'required' },
    'other.example': { host: 'localhost', port: nobody.port, tls: 'off' },
  };
  await writeFile(join(directory, 'posthouse.toml'), configurationText({ relay: { routes } }));
  const probe = async (address: string) => {
    const ended = await posthouse(directory, ['explain', '--probe', '--json', address]);
    const probed = lines(ended).filter(({ topic }) => topic === 'probe');
    return { code: ended.code, said: probed.map(({ text: said }) => said) };
  };
  expect(await probe('bob@partner.example')).toEqual({
    code: 0,
    said: [
      'localhost: greets with 220 mx.partner.example ready',
      expect.stringMatching(/^localhost: TLSv1\.3, \w+, certificate verified$/),
      expect.stringMatching(/^localhost: certificate for localhost, .* until \d{4}-\d\d-\d\d$/),
      'localhost: offers SIZE (20 MB), PIPELINING, 50 recipients a message',
    ],
  });
  expect(await probe('bob@other.example')).toEqual({
    code: 69,
    said: [
      'localhost: greets with 554 5.7.1 not you',
      expect.stringMatching(/^localhost: no mail could go there now: .* 554 5\.7\.1 not you$/),
    ],
  });
});

test('what is counted of TLS is shown, whether anything runs or not', LIMIT, async () => {
  const { directory, posthouse, stack } = await start();
  expect(await posthouse('tls-report')).toMatchObject({
    code: 0,
    out: '',
    err: 'Nothing is counted of TLS yet\n',
  });
  await stack.stop();
  const place = join(directory, 'var', 'transport-security');
  await mkdir(place, { recursive: true });
  const detail = { result: 'starttls-not-supported', mxHost: 'mx.example.net', count: 2 };
  const policy = { type: 'no-policy-found', strings: [], mxHosts: [] };
  const tally = {
    day: '2026-11-23',
    domain: 'example.net',
    policies: [{ policy, successes: 3, failures: 2, details: [detail] }],
  };
  await writeFile(join(place, 'tls-tally.json'), JSON.stringify([tally]));
  expect((await posthouse('tls-report')).out).toBe(
    '2026-11-23 example.net\n  no policy: 3 as wanted, 2 failed\n    2 starttls-not-supported at mx.example.net\n',
  );
  expect(lines(await posthouse('tls-report', 'example.net', '--json'))).toEqual([tally]);
  expect((await posthouse('tls-report', 'other.test')).out).toBe('');
});
