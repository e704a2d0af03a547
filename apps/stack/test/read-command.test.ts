/** `posthouse read` lists, marks and moves messages of a Maildir, and saves attachments. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { posthouse } from './system/commands.ts';
import { POSTHOUSE } from './system/stack-process.ts';

test('a message is marked, then moved to a folder that is made for it', async () => {
  const { directory, maildir } = await mailbox();
  await writeFile(join(maildir, 'new', '1767225600.1.host'), 'Subject: first\n\nx\n');
  const read = (...args: readonly string[]) => posthouse(directory, ['read', maildir, ...args]);
  expect(await read('1', '--mark', 'seen,flagged')).toEqual({ code: 0, out: '', err: '' });
  expect(await readdir(join(maildir, 'cur'))).toEqual(['1767225600.1.host:2,FS']);
  const both = await read('1', '--mark', 'unflagged', '--move', 'Archive');
  expect(both).toEqual({ code: 0, out: '', err: '' });
  expect(await readdir(join(maildir, '.Archive', 'cur'))).toEqual(['1767225600.1.host:2,S']);
  expect((await read('--folder', 'Archive')).out).toContain('first');
  expect(await read('1', '--mark', 'nonsense')).toMatchObject({ code: 65 });
});

test('a message beyond those that are listed is found by its number', async () => {
  const { directory, maildir } = await mailbox();
  for (let number = 1; number <= 22; number += 1) {
    const name = `${1767225600 + number}.1.host`;
    await writeFile(join(maildir, 'new', name), `Subject: number ${number}\n\nx\n`);
  }
  expect((await posthouse(directory, ['read', maildir, '21'])).out).toContain('number 2\n');
  const beyond = await posthouse(directory, ['read', maildir, '23']);
  expect(beyond.code).toBe(65);
  expect(beyond.err).toContain('in the list of 22');
});

test('a name in the shape of an address does not stand for the address', async () => {
  const { directory, maildir } = await mailbox();
  const header = 'From: "boss@example.test" <eve@other.test>, "Eve" <e@other.test>\nSubject: x\n\n';
  await writeFile(join(maildir, 'new', '1767225600.1.host'), header);
  expect((await posthouse(directory, ['read', maildir])).out).toContain('  eve@other.test, Eve ');
});

test('an attachment goes over no file, and into no directory that is not there', async () => {
  const { directory, maildir } = await mailbox();
  await writeFile(join(maildir, 'new', '1767225600.1.host'), attached('x'));
  const save = (to: string) => posthouse(directory, ['read', maildir, '1', '--save', to]);
  expect(await save(directory)).toMatchObject({ code: 0, out: `${directory}/a.bin\n` });
  const again = await save(directory);
  expect(again.code).toBe(73);
  expect(again.err).toContain('a.bin already');
  const gone = await save(join(directory, 'gone'));
  expect(gone.code).toBe(66);
  expect(gone.err).toContain('There is no directory');
});

test.skipIf(process.platform === 'win32')(
  'an attachment that finds no room is not left behind as if it were whole',
  async () => {
    const { directory, maildir } = await mailbox();
    await writeFile(join(maildir, 'new', '1767225600.1.host'), attached('x'.repeat(60_000)));
    const command = [process.execPath, '--conditions=@posthouse/source', POSTHOUSE];
    const words = [...command, 'read', maildir, '1', '--save', directory];
    const limited = ['-c', 'ulimit -f 16; exec "$@"', 'sh', ...words];
    const { status } = spawnSync('sh', limited, { cwd: directory });
    expect(status).not.toBe(0);
    expect(await readdir(directory)).toEqual(['Maildir']);
  },
);

function attached(text: string): string {
  const part = 'Content-Type: application/x-a; name=a.bin\nContent-Disposition: attachment\n';
  return `Content-Type: multipart/mixed; boundary=b\n\n--b\n${part}\n${text}\n--b--\n`;
}

async function mailbox(): Promise<{ readonly directory: string; readonly maildir: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-read-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const maildir = join(directory, 'Maildir');
  for (const part of ['cur', 'new', 'tmp']) await mkdir(join(maildir, part), { recursive: true });
  return { directory, maildir };
}
