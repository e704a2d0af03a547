import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDisk } from '@posthouse/durable-fs';
import { createFaultyFileSystem } from '@posthouse/durable-fs/testing';
import type { VolatileFileSystem } from '@posthouse/durable-fs/testing';
import { systemClock } from '@posthouse/mail';
import {
  createMaildirWriter,
  listMessages,
  parseMessageName,
  STALE_AFTER_MS,
  storedContentOf,
  sweepTmp,
} from '../src/maildir/index.ts';
import type { StoredContent } from '../src/maildir/index.ts';
import { createTestDisk } from './harness.ts';

const HEAD = Buffer.from('Return-Path: <>\r\n');
const SMALL = storedContentOf(Buffer.from('Subject: x\r\n\r\nbody\r\n'));
const STORED = 'Return-Path: <>\nSubject: x\n\nbody\n';

/** The same content as a stream, as large content comes. */
function streamed(content: StoredContent): StoredContent {
  const { sizeBytes, virtualBytes } = content;
  return { sizeBytes, virtualBytes, open: () => content.open() };
}

const MAILDIR = '/mail/example.test/alice/Maildir';
/** Files in memory have no time: a present that is late enough for all of them. */
const MINUTES = 600_000;

function fail(maildir: string, error: unknown): never {
  throw new Error(maildir, { cause: error });
}

function trial() {
  const base = createTestDisk();
  const faulty = createFaultyFileSystem(base);
  const disk = createDisk(faulty);
  const writer = createMaildirWriter('mx.example.test', { disk, clock: systemClock });
  return { base, faulty, disk, writer };
}

function texts(base: VolatileFileSystem): Record<string, string> {
  return Object.fromEntries(
    [...base.files()].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]),
  );
}

describe.each([
  ['small', SMALL],
  ['streamed', streamed(SMALL)],
])('a %s message', (_, content) => {
  test('has its sizes in its name', async () => {
    const { base, writer } = trial();
    const path = await writer.deliver('/m', { head: HEAD, content });
    expect(texts(base)).toEqual({ [path]: STORED });
    expect(parseMessageName(path)).toMatchObject({
      sizeBytes: STORED.length,
      virtualBytes: STORED.replaceAll('\n', '\r\n').length,
    });
  });

  test('is answered for after it is on the disk, and never before', async () => {
    for (const names of ['lost', 'kept'] as const) {
      let ends = 0;
      for (let at = 1; ends === 0; at += 1) {
        const { base, faulty, writer } = trial();
        faulty.inject({ fault: { kind: 'stop' }, at });
        const told = await writer.deliver(MAILDIR, { head: HEAD, content }).catch(() => undefined);
        base.cutPower(names);
        await sweepTmp(createDisk(base), '/mail', { now: MINUTES, onTrouble: fail });
        const inNew = Object.entries(texts(base)).filter(([path]) => path.includes('/new/'));
        expect(inNew.map(([, text]) => text)).toEqual(inNew.map(() => STORED)); // nothing torn
        if (told === undefined) continue;
        expect(inNew.map(([path]) => path)).toEqual([told]);
        ends = at;
      }
      expect(ends).toBeGreaterThan(8);
    }
  });

  test.each(['EIO', 'ENOSPC', 'EROFS', 'EACCES'])(
    'that meets with %s is withdrawn, and the next one is delivered',
    async (code) => {
      let isPast = false;
      for (let at = 1; !isPast; at += 1) {
        const { base, faulty, writer } = trial();
        const broken = faulty.inject({ fault: { kind: 'fail', code }, at });
        const told = await writer.deliver('/m', { head: HEAD, content }).catch(() => undefined);
        expect(Object.keys(texts(base))).toEqual(told === undefined ? [] : [told]);
        broken.remove();
        await writer.deliver('/m', { head: HEAD, content });
        isPast = broken.hits === 0;
      }
    },
  );
});

test('a message whose content cannot be read is withdrawn', async () => {
  const { base, writer } = trial();
  const content: StoredContent = {
    sizeBytes: 10,
    virtualBytes: 10,
    async *open() {
      yield Buffer.from('half');
      throw new Error('gone');
    },
  };
  await expect(writer.deliver('/m', { head: HEAD, content })).rejects.toThrow('gone');
  expect(texts(base)).toEqual({});
});

test('a delivery asks the disk nothing that it knows', async () => {
  const { faulty, writer } = trial();
  await writer.deliver('/m', { head: HEAD, content: SMALL });
  const before = faulty.calls.length;
  await writer.deliver('/m', { head: HEAD, content: SMALL });
  expect(faulty.calls.slice(before).map((call) => call.operation)).toEqual([
    'open',
    'write',
    'sync',
    'syncDirectory',
    'close',
    'rename',
  ]);
});

test('what a dead writer left whole in tmp is brought to new, be it of a folder', async () => {
  const { base, disk } = trial();
  const work = `${MAILDIR}/.Work`;
  for (const folder of [MAILDIR, work]) {
    const dying = createFaultyFileSystem(base);
    dying.inject({ fault: { kind: 'stop' }, operation: 'rename' });
    const deps = { disk: createDisk(dying), clock: systemClock };
    const delivering = createMaildirWriter('mx', deps).deliver(folder, {
      head: HEAD,
      content: SMALL,
    });
    await expect(delivering).rejects.toThrow('stopped');
  }
  const options = { onTrouble: fail };
  expect(await sweepTmp(disk, '/mail', { ...options, now: 1000 })).toEqual({
    published: 0,
    removed: 0,
    young: 2,
  });
  expect(await sweepTmp(disk, '/mail', { ...options, now: MINUTES })).toMatchObject({
    published: 2,
    removed: 0,
  });
  expect(await listMessages(disk, MAILDIR)).toHaveLength(1);
  expect(await listMessages(disk, work)).toHaveLength(1);
  expect(Object.values(texts(base))).toEqual([STORED, STORED]);
});

test('a message whose copy is in the mailbox already goes from tmp, and a torn one stays until it is stale', async () => {
  const { base, disk, writer } = trial();
  const key = 'a'.repeat(32);
  const path = await writer.deliver(MAILDIR, { head: HEAD, content: SMALL, key });
  const name = path.slice(path.lastIndexOf('/') + 1);
  for (const [left, text] of [
    [name.replace('Q1R', 'Q7R'), STORED],
    [name.replace('Q1R', 'Q8R').replace(key, 'b'.repeat(32)), STORED.slice(1)],
  ] as const) {
    const file = await base.open(`${MAILDIR}/tmp/${left}`, 'create');
    await base.write(file, Buffer.from(text));
    await base.close(file);
  }
  const first = await sweepTmp(disk, '/mail', { now: MINUTES, onTrouble: fail });
  expect(first).toEqual({ published: 0, removed: 1, young: 0 });
  expect(Object.keys(texts(base))).toHaveLength(2);
  const later = await sweepTmp(disk, '/mail', { now: STALE_AFTER_MS + 1, onTrouble: fail });
  expect(later).toEqual({ published: 0, removed: 1, young: 0 });
  expect(texts(base)).toEqual({ [path]: STORED });
});

test('a stale file that somebody else removes first does not keep the others from being seen to', async () => {
  const { base, faulty, disk } = trial();
  const tmp = `${MAILDIR}/tmp`;
  await createDisk(base).directories.ensure(tmp);
  for (const name of ['first', 'second']) {
    await base.close(await base.open(`${tmp}/${name}`, 'create'));
  }
  const removal = faulty.inject({ fault: { kind: 'delay' }, operation: 'unlink' });
  const sweeping = sweepTmp(disk, '/mail', { now: STALE_AFTER_MS + 1, onTrouble: fail });
  await removal.reached;
  for (const { path } of faulty.calls.filter(({ operation }) => operation === 'unlink')) {
    await base.unlink(path);
  }
  removal.release();
  expect(await sweeping).toEqual({ published: 0, removed: 1, young: 0 });
  expect(texts(base)).toEqual({});
});

test('a whole file that somebody else publishes first does not keep the others from being seen to', async () => {
  const { base, faulty, disk } = trial();
  for (const host of ['one', 'two']) {
    const dying = createFaultyFileSystem(base);
    dying.inject({ fault: { kind: 'stop' }, operation: 'rename' });
    const writer = createMaildirWriter(host, { disk: createDisk(dying), clock: systemClock });
    await expect(writer.deliver(MAILDIR, { head: HEAD, content: SMALL })).rejects.toThrow(
      'stopped',
    );
  }
  const opening = faulty.inject({ fault: { kind: 'delay' }, operation: 'open', path: /tmp/ });
  const sweeping = sweepTmp(disk, '/mail', { now: MINUTES, onTrouble: fail });
  await opening.reached;
  const path = faulty.calls.findLast(({ operation }) => operation === 'open')?.path ?? '';
  await base.rename(path, path.replace('/tmp/', '/new/'));
  opening.release();
  expect(await sweeping).toEqual({ published: 1, removed: 0, young: 0 });
  expect(await listMessages(disk, MAILDIR)).toHaveLength(2);
});

test('a Maildir that was removed is made again', async () => {
  const { base, writer } = trial();
  const path = await writer.deliver('/m', { head: HEAD, content: SMALL });
  await base.unlink(path);
  await base.rename('/m', '/elsewhere');
  const again = await writer.deliver('/m', { head: HEAD, content: streamed(SMALL) });
  expect(texts(base)).toEqual({ [again]: STORED });
});

test('hundreds at once go into one Maildir, from two writers, whole and apart', async () => {
  const maildir = join(await mkdtemp(join(tmpdir(), 'posthouse-maildir-')), 'mail');
  const deps = { disk: createDisk(), clock: systemClock };
  const [even, odd] = [createMaildirWriter('mx', deps), createMaildirWriter('mx', deps)];
  const sent = Array.from({ length: 300 }, (_, index) => `Subject: ${index}\r\n\r\n`);
  const paths = await Promise.all(
    sent.map((text, index) => {
      const content = storedContentOf(Buffer.from(text));
      const writer = index % 2 === 0 ? even : odd;
      return writer.deliver(maildir, { head: Buffer.alloc(0), content });
    }),
  );
  const found = await listMessages(createDisk(), maildir);
  expect(found.map(({ path }) => path).toSorted()).toEqual([...paths].toSorted());
  expect(found.every(({ recent }) => recent)).toBe(true);
  expect(await readdir(join(maildir, 'tmp'))).toEqual([]);
  if (process.platform !== 'win32') {
    for (const place of ['', 'tmp', 'new', 'cur']) {
      expect((await stat(join(maildir, place))).mode & 0o777).toBe(0o700);
    }
    expect((await stat(paths[0] ?? '')).mode & 0o777).toBe(0o600);
  }
  await rm(join(maildir, '..'), { recursive: true });
});

test('listing passes over what is no message, and names what others wrote', async () => {
  const { base, disk, writer } = trial();
  const own = await writer.deliver('/m', { head: HEAD, content: SMALL });
  for (const name of ['/m/cur/1.M1P1.imap,S=5:2,RS', '/m/cur/.hidden', '/m/tmp/1.M2P1.x']) {
    await base.close(await base.open(name, 'create'));
  }
  await base.mkdir('/m/cur/directory', 0o700);
  const found = await listMessages(disk, '/m');
  expect(found.map(({ path, recent, name }) => [path, recent, name.flags])).toEqual([
    [own, true, ''],
    ['/m/cur/1.M1P1.imap,S=5:2,RS', false, 'RS'],
  ]);
  expect(await listMessages(disk, '/nowhere')).toEqual([]);
});
