/** What commands say of mistakes: the thing by its name and the way out, with an exit code for scripts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { addAccount } from '@posthouse/directory';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { posthouse } from './system/commands.ts';
import { POSTHOUSE } from './system/stack-process.ts';

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'posthouse-mistakes-'));
  await addAccount({ path: join(directory, 'var', 'accounts') }, 'alice@posthouse.test', 'secret');
});

afterAll(() => rm(directory, { recursive: true }));

const SEND = 'send --from alice@posthouse.test --to b@c.test --text x';

test.each([
  // Without a word on standard input: the password is not what is missing first.
  ['user add alice', 65, 'alice can be no account'],
  ['user add Alice@posthouse.test', 65, 'There is an account alice@posthouse.test already'],
  ['user passwd bob@posthouse.test', 65, 'There is no account bob@posthouse.test'],
  ['user passwd', 64, 'user passwd wants the name of an account'],
  ['user rename alice@posthouse.test', 64, 'There is no user command rename'],
  ['user list everybody', 64, 'user list does not take everybody'],
  ['read alice@posthouse.test --mark seen', 64, '--mark wants the number of a message'],
  ['reload now', 64, 'One word too many: now'],
  [
    `${SEND} --server localhost --ca gone.pem`,
    66,
    'The certificate authority (--ca) cannot be read: ENOENT',
  ],
])('posthouse %s', async (line, exitCode, text) => {
  const { code, err } = await posthouse(directory, line.split(' '));
  expect(err).toContain(text);
  expect(code).toBe(exitCode);
});

test.each([
  ['nonsense', 'there is no command nonsense'],
  ['help nonsense', 'there is no command nonsense'],
  ['read', 'ACCOUNT or MAILDIR is missing'],
  ['explain', 'ADDRESS is missing'],
  ['explain a@b.test c@d.test', 'One word too many: c@d.test'],
  ['trace', 'QUEUE-ID, MESSAGE-ID or ADDRESS is missing'],
  ['user', 'Say what to do: write add, list, passwd, remove'],
  ['queue', 'Say what to do: write list, show, summary'],
  ['queue show', 'ID is missing'],
  ['queue export', 'FOLDER is missing'],
  ['queue hold', 'Say which: ids, filters, or --all'],
  ['send --to b@c.test', '--from ADDRESS is missing'],
  ['send --from alice@posthouse.test', '--to ADDRESS is missing'],
  ['check one two', 'One word too many: two'],
])('what is missing, or too much, is said first: posthouse %s', async (line, text) => {
  const { code, err } = await posthouse(directory, line.split(' '));
  const [first = '', second] = err.split('\n\n');
  expect(first).toContain(text);
  expect(second).toMatch(/^Usage: posthouse /);
  expect(code).toBe(64);
});

test.each([
  [`${SEND} --tls off`, '--tls goes with --server HOST[:PORT]'],
  [`${SEND} --ca ca.pem`, '--ca goes with --server HOST[:PORT]'],
  [`${SEND} --region eu-west-1`, '--region goes with --provider NAME'],
  [`${SEND} --server a.test --region eu-west-1`, '--region goes with --provider NAME'],
  [`${SEND} --provider gmail --tls off`, '--tls goes with --server HOST[:PORT]'],
  [`${SEND} --server a.test --config x.toml`, '--server and --config each say where to'],
  [`${SEND} --server a.test --provider gmail`, '--server and --provider each say where to'],
  [`${SEND} --server a.test --user me`, '--user me needs a password'],
  [`${SEND} --subject a --subject b`, '--subject is given twice'],
  ['doctor a.test --server b.test', 'a.test and --server both say where to'],
  ['doctor a.test --provider gmail', '--server and --provider each say where to'],
  ['doctor a.test --from a@b.test', 'needs --to ADDRESS; to log in as a@b.test, write --user'],
  ['doctor a.test --to a@b.test', '--to needs --from ADDRESS'],
  ['check --schema --role relay', '--schema goes alone: leave relay out'],
  ['check a.toml --config b.toml', 'both name the file: leave one out'],
  ['user add carol@posthouse.test --json', '--json goes with user list only'],
  ['read a@b.test --folders --search x', '--folders goes alone: leave --search out'],
  ['read a@b.test --folders 1', '--folders goes alone: leave 1 out'],
  ['read a@b.test 1 --save . --mark seen', '--save and --mark are two commands'],
  ['read a@b.test first', 'first is no number of a message'],
  ['queue summary --domain a.test', 'queue summary does not take --domain: leave it out'],
  ['queue hold --notify', 'queue hold does not take --notify: leave it out (it goes with remove)'],
  ['queue list --follow', '(it goes with events)'],
  ['queue events --after soon', '--after soon: a cursor is a number'],
  ['queue list --state bogus', 'state cannot be read: "bogus"; write queued, held, active'],
])('no option is left out of account in silence: posthouse %s', async (line, text) => {
  const { code, err } = await posthouse(directory, line.split(' '));
  expect(err).toContain(text);
  expect(code).toBe(64);
});

test.each([
  ['queue list', 'The queue is empty'],
  ['queue list --state active', 'Nothing that waits is like that'],
  ['queue summary', 'The queue is empty'],
  ['queue sites', 'Nothing goes out, and nothing is remembered of any site'],
  ['queue events', 'Nothing has happened yet'],
  ['queue list --json', ''],
  ['tls-report', 'Nothing is counted of TLS yet'],
  ['tls-report other.test', 'Nothing is counted of TLS with other.test yet'],
  ['tls-report --json', ''],
])(
  'where there is nothing, people are told, and scripts get nothing: posthouse %s',
  async (line, text) => {
    await mkdir(join(directory, 'var', 'queue'), { recursive: true });
    const err = text === '' ? '' : `${text}\n`;
    expect(await posthouse(directory, line.split(' '))).toEqual({ code: 0, out: '', err });
  },
);

test('a stack of this directory that does not run is to be started', async () => {
  const ca = join(directory, 'ca.pem');
  await writeFile(ca, '');
  const facts = { submission: { host: '127.0.0.1', port: 1 }, ca, mail: 'mail', accounts: [] };
  await writeFile(join(directory, 'var', 'demo.json'), JSON.stringify(facts));
  const { code, err } = await posthouse(directory, SEND.split(' '));
  expect(err).toContain('Start the stack of this directory: "posthouse up"');
  expect(code).toBe(69);
});

test('who reads no further is no mistake', async () => {
  const args = ['--conditions=@posthouse/source', POSTHOUSE, 'check', '--schema'];
  const child = spawn(process.execPath, args, { cwd: directory });
  child.stdout.destroy();
  const [errors, ending] = await Promise.all([readText(child.stderr), once(child, 'close')]);
  expect(errors).toBe('');
  expect(ending[0]).toBe(0);
});
