/** Programs that read Maildirs by themselves: Python's mailbox module and mutt. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFileSystem } from '@posthouse/durable-fs';
import type { Directory } from '@posthouse/directory';
import type { Delivery } from '../src/delivery.ts';
import {
  PREFIX,
  attempt,
  createTestDelivery,
  createTestDirectory,
  earlyClock,
  send,
} from './harness.ts';
import { describeWith } from './programs.ts';

const run = promisify(execFile);
const CONTENTS = ['one', 'two', 'three'].map((subject) =>
  Buffer.from(
    `From: <c@elsewhere.test>\r\nSubject: ${subject}\r\n\r\nFrom ${subject}\r\n.\r\n\u00e9\r\n`,
    'latin1',
  ),
);

let place: string;
let maildir: string;
let directory: Directory & { remove(): Promise<void> };
let delivery: Delivery;

async function begin(): Promise<void> {
  place = await mkdtemp(join(tmpdir(), 'posthouse-readers-'));
  const mailDirectory = join(place, 'mail');
  maildir = join(mailDirectory, 'example.test', 'alice', 'Maildir');
  directory = await createTestDirectory();
  delivery = createTestDelivery({
    directory,
    fileSystem: nodeFileSystem,
    mailDirectory,
    clock: earlyClock(),
  });
  await delivery.start();
  for (const content of CONTENTS) {
    await send(delivery, { content, context: attempt(`id-${content.length}`, false) });
  }
}

async function end(): Promise<void> {
  await delivery.stop();
  await directory.remove();
  await rm(place, { recursive: true });
}

/** As it is stored. */
function stored(content: Buffer): string {
  const trace = 'Return-Path: <carol@elsewhere.test>\r\nDelivered-To: alice@example.test\r\n';
  return `${trace}${PREFIX.toString()}${content.toString('latin1')}`.replaceAll('\r\n', '\n');
}

const LIST = `
import json, mailbox, sys
box = mailbox.Maildir(sys.argv[1], factory=None, create=False)
print(json.dumps([[m['subject'], m.get_subdir(), box.get_bytes(k).decode('latin-1')] for k, m in box.items()]))
key = next(k for k, m in box.items() if m['subject'] == 'two')
seen = box[key]
seen.set_subdir('cur')
seen.add_flag('S')
box[key] = seen
`;

describeWith('python3', 'apt-get install -y python3', 'Python’s mailbox.Maildir', () => {
  beforeAll(begin);
  afterAll(end);

  test('reads every message as it is stored, and its flags do not hide a delivery', async () => {
    const list = async (): Promise<readonly (readonly string[])[]> => {
      const { stdout } = await run('python3', ['-c', LIST, maildir]);
      return JSON.parse(stdout) as readonly (readonly string[])[]; // the script's own output
    };
    const subjects = ['one', 'two', 'three'];
    const wanted = CONTENTS.map((content, index) => [
      subjects[index] ?? '',
      'new',
      stored(content),
    ]);
    expect((await list()).toSorted(byText)).toEqual(wanted.toSorted(byText));
    for (const content of CONTENTS) {
      await send(delivery, { content, context: attempt(`id-${content.length}`, true) });
    }
    const after = await list();
    expect(after).toHaveLength(3);
    expect(after.find(([subject]) => subject === 'two')?.[1]).toBe('cur');
  });
});

describeWith('mutt', 'apt-get install -y mutt', 'mutt', () => {
  beforeAll(begin);
  afterAll(end);

  test('reads every message as it is stored', async () => {
    const out = join(place, 'out');
    await mkdir(join(place, 'home'));
    const commands = [
      'set confirmappend=no confirmcreate=no copy=no delete=no mbox_type=mbox noresolve quit=yes',
      `push "${[1, 2, 3].map((n) => `${n}<enter><copy-message>${out}<enter>`).join('')}<quit>"`,
    ];
    const muttrc = join(place, 'muttrc');
    await writeFile(muttrc, `${commands.join('\n')}\n`);
    // mutt wants a terminal; script(1) gives it one.
    const command = `mutt -n -F ${muttrc} -f ${maildir}`;
    await run('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, TERM: 'vt100', HOME: join(place, 'home') },
      timeout: 30_000,
    });
    const copied = await readFile(out, 'latin1');
    for (const content of CONTENTS) {
      const [, body = ''] = stored(content).split('\n\n');
      expect(copied).toContain(body);
    }
    expect(copied.match(/^Delivered-To: alice@example\.test$/gm)).toHaveLength(3);
  }, 40_000);
});

function byText(a: readonly string[], b: readonly string[]): number {
  return a.join() < b.join() ? -1 : 1;
}
