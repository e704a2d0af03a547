/**
 * Debian's Dovecot over the accounts and Maildirs of Posthouse, with the very configuration
 * of docs/dovecot.md: what IMAP clients see of what we deliver, and the other way round.
 */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addAccount, createDirectory } from '@posthouse/directory';
import type { Directory } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { silentLogger, systemClock } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { createDelivery } from '../src/delivery.ts';
import type { Delivery } from '../src/delivery.ts';
import { listMessages, parseMessageName } from '../src/maildir/index.ts';
import { parseMaildirSize } from '../src/quota/maildirsize.ts';
import { PREFIX, attempt, send } from './harness.ts';
import type { Sending } from './harness.ts';
import { describeWith } from './programs.ts';

const run = promisify(execFile);
const PAGE = new URL('../../../docs/dovecot.md', import.meta.url);
const PASSWORD = 'a secret of interoperability';
const QUOTA_BYTES = 3_000_000;

/** Dovecot refuses to serve root's mail; who runs the tests as root serves it as nobody. */
const OWNER =
  process.getuid?.() === 0 ? await accountOf('nobody') : await accountOf(userInfo().username);

interface Owner {
  readonly name: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
}

async function accountOf(name: string): Promise<Owner> {
  const ask = async (...args: readonly string[]): Promise<string> =>
    (await run('id', [...args, name])).stdout.trim();
  return {
    name,
    group: await ask('-gn'),
    uid: Number(await ask('-u')),
    gid: Number(await ask('-g')),
  };
}

let place: string;
let ports: { imap: number; imaps: number };
let directory: Directory;
let delivery: Delivery;
let dovecot: ChildProcess;

async function begin(): Promise<void> {
  place = await mkdtemp(join(tmpdir(), 'posthouse-dovecot-'));
  await chmod(place, 0o755);
  for (const each of ['mail', 'tls', 'dovecot']) await mkdir(join(place, each));
  const accounts = join(place, 'accounts');
  for (const name of ['alice', 'bob', 'carol', 'dave']) {
    await addAccount({ path: accounts }, `${name}@example.test`, PASSWORD);
  }
  ports = { imap: await freePort(), imaps: await freePort() };
  await writeFile(join(place, 'dovecot.conf'), await configuration());
  await makeCertificate();
  const deps = { logger: silentLogger, clock: systemClock };
  directory = createDirectory(
    {
      domains: ['example.test'],
      accountsFile: accounts,
      quotas: { 'dave@example.test': QUOTA_BYTES },
    },
    deps,
  );
  await directory.start();
  const disk = createDisk();
  delivery = createDelivery(
    { hostname: 'mx.example.test', mailDirectory: join(place, 'mail') },
    { ...deps, directory, disk },
  );
  await delivery.start();
  await handOver();
  const { gid, uid } = OWNER;
  const identity = process.getuid?.() === 0 ? { uid, gid } : {};
  dovecot = spawn('dovecot', ['-F', '-c', join(place, 'dovecot.conf')], {
    stdio: 'inherit',
    ...identity,
  });
  await vi.waitFor(async () => expect(await isOpen(ports.imaps)).toBe(true), 20_000);
}

async function end(): Promise<void> {
  const ended = once(dovecot, 'exit');
  dovecot.kill('SIGTERM');
  await ended;
  await delivery.stop();
  await directory.stop();
  await rm(place, { recursive: true });
}

/** The page's configuration, with paths, user and ports of this test in place of the page's. */
async function configuration(): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const text = /```conf\n(.*?)```/s.exec(page)?.[1];
  if (text === undefined) throw new TypeError('docs/dovecot.md has no configuration');
  return text
    .replaceAll('/var/lib/posthouse', place)
    .replaceAll('gid=posthouse', `gid=${OWNER.group}`)
    .replaceAll('_group = posthouse', `_group = ${OWNER.group}`)
    .replaceAll('uid=posthouse', `uid=${OWNER.name}`)
    .replaceAll('_user = posthouse', `_user = ${OWNER.name}`)
    .replace('port = 1143', `port = ${ports.imap}`)
    .replace('port = 1993', `port = ${ports.imaps}`);
}

async function makeCertificate(): Promise<void> {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', join(place, 'tls/key.pem'), '-out', join(place, 'tls/cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await run('openssl', [...request, '-nodes', '-days', '2', ...files, ...subject]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** In production both run as one user; here root hands over what it delivered. */
async function handOver(): Promise<void> {
  if (process.getuid?.() === 0) await run('chown', ['-R', `${OWNER.uid}:${OWNER.gid}`, place]);
}

async function deliver(user: string, sending: Sending = {}): Promise<void> {
  const recipients = [mailbox(`${user}@example.test`)];
  const outcomes = await send(delivery, { recipients, ...sending });
  expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered']);
  await handOver();
}

/** One IMAP command, by curl; gives what it prints. */
async function imap(user: string, path: string, command?: string): Promise<Buffer> {
  const request = command === undefined ? [] : ['-X', command];
  const login = [
    '--cacert',
    join(place, 'tls/cert.pem'),
    '--user',
    `${user}@example.test:${PASSWORD}`,
  ];
  const url = `imaps://localhost:${ports.imaps}/${path}`;
  const args = [
    '-sS',
    '--resolve',
    `localhost:${ports.imaps}:127.0.0.1`,
    ...login,
    ...request,
    url,
  ];
  const { stdout } = await run('curl', args, { encoding: 'buffer', maxBuffer: 100_000_000 });
  return stdout;
}

async function doveadm(...args: readonly string[]): Promise<string> {
  const command = ['-c', join(place, 'dovecot.conf'), ...args];
  const { gid, uid } = OWNER;
  const identity = process.getuid?.() === 0 ? { uid, gid } : {};
  return (await run('doveadm', command, identity)).stdout;
}

function maildirOf(user: string): string {
  return join(place, 'mail/example.test', user, 'Maildir');
}

/** What a client must get: as received, behind what delivery added. */
function expected(user: string, content: Buffer): Buffer {
  const trace = `Return-Path: <carol@elsewhere.test>\r\nDelivered-To: ${user}@example.test\r\n`;
  return Buffer.concat([Buffer.from(trace), PREFIX, content]);
}

function message(subject: string, body: string): Buffer {
  return Buffer.from(`From: <c@elsewhere.test>\r\nSubject: ${subject}\r\n\r\n${body}`, 'latin1');
}

describeWith('dovecot', 'apt-get install -y dovecot-imapd', 'Dovecot over our Maildirs', () => {
  beforeAll(begin, 60_000);
  afterAll(end);

  test('fetches every message as it was received, octet by octet', async () => {
    const bodies = [
      'plain\r\n',
      '',
      'no end of line',
      '\r\n\r\n.\r\n..\r\nFrom here\r\n',
      `8 bit: ${'\u00e9\u00fc\u00ff\u0080'}\r\n`,
      `${'long '.repeat(200)}\r\n\ttab\x01\x7f\r\n`,
      `${'x'.repeat(70)}\r\n`.repeat(20_000),
    ];
    const contents = bodies.map((body, index) => message(`number ${index}`, body));
    for (const content of contents) await deliver('alice', { content });
    const log = await doveadm('fetch', '-u', 'alice@example.test', 'uid hdr.subject', 'all');
    for (const [index, content] of contents.entries()) {
      const uid = /uid: (\d+)\s+hdr\.subject: number (\d+)/g;
      const found = [...log.matchAll(uid)].find((match) => match[2] === String(index))?.[1];
      const fetched = await imap('alice', `INBOX;UID=${found}`);
      expect(fetched.equals(expected('alice', content)), `message ${index}`).toBe(true);
    }
  }, 60_000);

  test('believes the sizes in the names, and finds them right', async () => {
    const sizes = await doveadm(
      'fetch',
      '-u',
      'alice@example.test',
      'size.physical size.virtual',
      'all',
    );
    const found = [...sizes.matchAll(/size\.physical: (\d+)\s+size\.virtual: (\d+)/g)];
    const names = (await listMessages(createDisk(), maildirOf('alice'))).map(({ name }) => name);
    expect(
      names.map(({ sizeBytes, virtualBytes }) => `${sizeBytes} ${virtualBytes}`).toSorted(),
    ).toEqual(found.map((match) => `${match[1]} ${match[2]}`).toSorted());
    await doveadm('force-resync', '-u', 'alice@example.test', 'INBOX');
    const after = (await listMessages(createDisk(), maildirOf('alice'))).map(
      ({ name }) => name.unique,
    );
    expect(after.toSorted()).toEqual(names.map(({ unique }) => unique).toSorted());
  });

  test('flags, moves and expunges; a repeated delivery does not bring anything back', async () => {
    const sent = ['read', 'moved', 'expunged', 'untouched'];
    const contentOf = (subject: string): Buffer => message(subject, 'x\r\n');
    for (const subject of sent) {
      await deliver('bob', { content: contentOf(subject), context: attempt(subject, false) });
    }
    await imap('bob', '', 'CREATE Kept');
    const uid = async (subject: string): Promise<string> =>
      (
        await doveadm(
          'fetch',
          '-u',
          'bob@example.test',
          'uid',
          'mailbox',
          'INBOX',
          'subject',
          subject,
        )
      ).replace(/\D/g, '');
    await imap('bob', 'INBOX', `UID STORE ${await uid('read')} +FLAGS (\\Seen \\Flagged)`);
    await imap('bob', 'INBOX', `UID MOVE ${await uid('moved')} Kept`);
    await imap('bob', 'INBOX', `UID STORE ${await uid('expunged')} +FLAGS (\\Deleted)`);
    await imap('bob', 'INBOX', 'EXPUNGE');
    for (const subject of sent) {
      await deliver('bob', { content: contentOf(subject), context: attempt(subject, true) });
    }
    const subjects = async (folder: string): Promise<readonly string[]> => {
      const query = ['fetch', '-u', 'bob@example.test', 'hdr.subject', 'mailbox', folder];
      return [...(await doveadm(...query)).matchAll(/hdr\.subject: (.*)/g)].map(
        (match) => match[1] ?? '',
      );
    };
    expect((await subjects('INBOX')).toSorted()).toEqual(['read', 'untouched']);
    expect(await subjects('Kept')).toEqual(['moved']);
    const names = await readdir(join(maildirOf('bob'), 'cur'));
    const flags = names.map((name) => parseMessageName(name).flags);
    expect(flags).toContain('FS');
  }, 30_000);

  test('makes folders that plus addressing delivers into', async () => {
    await deliver('carol');
    for (const folder of ['Lists', 'Work/Clients', 'Entw&APw-rfe']) {
      await imap('carol', '', `CREATE "${folder}"`);
    }
    for (const detail of ['lists', 'work.clients', 'entw\u00fcrfe', 'nowhere']) {
      await deliver(`carol+${detail}`);
    }
    const status = await doveadm('mailbox', 'status', '-u', 'carol@example.test', 'messages', '*');
    expect(status.trim().split('\n').toSorted()).toEqual(
      [
        'INBOX messages=2',
        'Lists messages=1',
        'Work/Clients messages=1',
        'Entw\u00fcrfe messages=1',
      ]
        .concat(status.includes('Work messages') ? ['Work messages=0'] : [])
        .toSorted(),
    );
  }, 30_000);

  test('keeps one quota with us', async () => {
    const content = message('large', `${'y'.repeat(70)}\r\n`.repeat(15_000));
    const used = async (): Promise<readonly [number, number]> => {
      const text = await doveadm('quota', 'get', '-u', 'dave@example.test');
      const [, bytes = '', limit = ''] = /STORAGE\s+(\d+)\s+(\S+)/.exec(text) ?? [];
      return [Number(bytes), Number(limit)];
    };
    const size = async (): Promise<number | undefined> =>
      parseMaildirSize(await readFile(join(maildirOf('dave'), 'maildirsize'), 'latin1'))?.usedBytes;
    for (let i = 0; i < 2; i += 1) await deliver('dave', { content });
    const recipients = [mailbox('dave@example.test')];
    expect(await send(delivery, { recipients, content })).toMatchObject([{ kind: 'delayed' }]);
    await handOver();
    const [bytes, limit] = await used();
    expect(limit).toBe(Math.ceil(QUOTA_BYTES / 1024));
    expect(bytes).toBe(Math.ceil(((await size()) ?? 0) / 1024));
    // A client makes room, and it is there for the next message.
    await imap('dave', 'INBOX', 'STORE 1 +FLAGS (\\Deleted)');
    await imap('dave', 'INBOX', 'EXPUNGE');
    await expect
      .poll(async () => (await send(delivery, { recipients, content }))[0]?.kind, {
        timeout: 10_000,
      })
      .toBe('delivered');
    await handOver();
    const stored = (await listMessages(createDisk(), maildirOf('dave'))).map(
      ({ name }) => name.sizeBytes ?? 0,
    );
    expect(await size()).toBe(stored.reduce((sum, each) => sum + each, 0));
    expect((await used())[0]).toBe(Math.ceil(((await size()) ?? 0) / 1024));
  }, 30_000);

  test('has nothing to complain about', async () => {
    const log = await readFile(join(place, 'dovecot/log'), 'utf8');
    expect(log.split('\n').filter((line) => /Error|Warning|Fatal|Panic/.test(line))).toEqual([]);
  });
});
