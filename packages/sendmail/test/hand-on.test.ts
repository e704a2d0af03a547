import { execFileSync } from 'node:child_process';
import { chown, link, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refuse } from '@posthouse/mail';
import { createRecordingReceiver, recordedAddresses } from '@posthouse/testkit';
import { openOffice } from './office.ts';
import type { Office } from './office.ts';

const MESSAGE = 'Subject: job\n\ntext\n';

describe('handing on what the spool keeps', () => {
  it('what is not taken now stays for the next walk; a host that is down is asked once', async () => {
    const office = await withMessages(3);
    let asked = 0;
    const down = createRecordingReceiver({
      onMail: () => {
        asked++;
        return refuse('next-hop-unreachable', { scope: 'host' });
      },
    });
    expect(await office.walk(down)).toEqual({ taken: 0, refused: 0, kept: 3 });
    expect(asked).toBe(1);
    expect(await office.walk(createRecordingReceiver())).toEqual({ taken: 3, refused: 0, kept: 0 });
  });

  it('tells the author of recipients that are refused for good, and keeps the others', async () => {
    const office = await openOffice();
    await office.call('-f a@a.test nobody@b.test later@b.test bob@b.test', MESSAGE);
    const first = createRecordingReceiver({
      onRecipient: ({ localPart }) =>
        localPart === 'nobody'
          ? refuse('no-such-mailbox')
          : localPart === 'later'
            ? refuse('rate-limited')
            : undefined,
    });
    await office.walk(first);
    expect(recordedAddresses(await first.message(0))).toEqual(['bob@b.test']);
    const second = createRecordingReceiver();
    await office.walk(second);
    await office.walk(second);
    const told = second.messages.map(recordedAddresses).flat().toSorted();
    expect(told).toEqual(['a@a.test', 'later@b.test']);
    expect(await readdir(office.own)).toEqual([]);
  });

  it('a notification that is refused makes no other', async () => {
    const office = await openOffice();
    await office.call('-f <> nobody@b.test', MESSAGE);
    const receiver = createRecordingReceiver({ onRecipient: () => refuse('no-such-mailbox') });
    expect(await office.walk(receiver)).toEqual({ taken: 0, refused: 1, kept: 0 });
    expect(await readdir(office.own)).toEqual([]);
  });

  it('two walks at once hand a message on once', async () => {
    const office = await withMessages(1);
    const receiver = createRecordingReceiver();
    await Promise.all([office.walk(receiver), office.walk(receiver)]);
    expect(receiver.messages).toHaveLength(1);
  });

  it('a lock that a dead process left does not hold mail up for ever', async () => {
    const office = await withMessages(1);
    const lock = join(office.own, 'walk.lock');
    await writeFile(lock, '');
    const receiver = createRecordingReceiver();
    expect(await office.walk(receiver)).toEqual({ taken: 0, refused: 0, kept: 0 });
    await utimes(lock, 0, 0);
    expect(await office.walk(receiver)).toMatchObject({ taken: 1 });
  });

  it('content without an envelope is cleared away when it is old', async () => {
    const office = await withMessages(1);
    const [name = ''] = (await readdir(office.own)).filter((one) => one.endsWith('.envelope'));
    await rm(join(office.own, name));
    await office.walk(createRecordingReceiver());
    expect(await readdir(office.own)).toHaveLength(1);
    await utimes(join(office.own, name.replace('.envelope', '.message')), 0, 0);
    await office.walk(createRecordingReceiver());
    expect(await readdir(office.own)).toEqual([]);
  });
});

describe('a spool that other users write to', () => {
  const ids = ['23811MPLH6X6M17LZ69', '23811MPLH6X6M17LZ6B', '23811MPLH6X6M17LZ6C'] as const;
  const envelope = JSON.stringify({
    version: 1,
    takenAt: 0,
    reversePath: '<a@b.test>',
    params: {},
    recipients: [{ address: 'eve@evil.test' }],
  });

  it('no link leads to a file that only we may read, and no pipe holds a walk up', async () => {
    const office = await withMessages(1);
    const secret = join(office.spoolDirectory, 'secret');
    await writeFile(secret, 'secret\n');
    const [symbolic, hard, pipe] = ids.map((id) => join(office.own, `${id}.message`));
    for (const id of ids) await writeFile(join(office.own, `${id}.envelope`), envelope);
    await symlink(secret, symbolic ?? '');
    await link(secret, hard ?? '');
    execFileSync('mkfifo', [pipe ?? '']);
    const receiver = createRecordingReceiver();
    expect(await office.walk(receiver)).toMatchObject({ taken: 1 });
    expect(receiver.messages.map(recordedAddresses)).toEqual([['bob@b.test']]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'a directory or content that is not its user’s counts for nothing',
    async () => {
      const office = await withMessages(1);
      const theirs = join(office.spoolDirectory, '65534');
      await mkdir(theirs);
      await writeFile(join(theirs, `${ids[0]}.envelope`), envelope);
      await writeFile(join(theirs, `${ids[0]}.message`), 'Subject: x\r\n\r\n');
      const receiver = createRecordingReceiver();
      await office.walk(receiver); // the directory is ours
      await chown(theirs, 65534, 65534);
      await chown(join(theirs, `${ids[0]}.envelope`), 65534, 65534);
      await office.walk(receiver); // the content is ours
      expect(receiver.messages).toHaveLength(1);
      await chown(join(theirs, `${ids[0]}.message`), 65534, 65534);
      await office.walk(receiver);
      expect(receiver.messages).toHaveLength(2);
    },
  );

  it('what is no envelope is left alone, and what has no CRLF gets it', async () => {
    const office = await openOffice();
    await mkdir(office.own, { recursive: true });
    await writeFile(join(office.own, `${ids[0]}.envelope`), '{"version":2}');
    await writeFile(join(office.own, `${ids[1]}.envelope`), envelope);
    await writeFile(join(office.own, `${ids[1]}.message`), 'Subject: x\n\n.\n\rQUIT\n');
    const receiver = createRecordingReceiver();
    expect(await office.walk(receiver)).toEqual({ taken: 1, refused: 0, kept: 0 });
    const text = receiver.messages[0]?.bytes.toString() ?? '';
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(await readdir(office.own)).toEqual([`${ids[0]}.envelope`]);
  });
});

async function withMessages(count: number): Promise<Office> {
  const office = await openOffice();
  for (let i = 0; i < count; i++) await office.call('-odq bob@b.test', MESSAGE);
  return office;
}
