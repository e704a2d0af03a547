/** A Maildir of real files for a test, and programs that deliver into it and mark in it. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface SampleMaildir {
  readonly directory: string;
  /** Puts a message into `new`, or with flags into `cur`, and answers with its id. */
  deliver(content: string | Buffer, flags?: string, folder?: string): Promise<string>;
}

let made = 0;

export async function sampleMaildir(...folders: readonly string[]): Promise<SampleMaildir> {
  const directory = await mkdtemp(join(tmpdir(), 'user-agent-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const folder of ['', ...folders]) {
    for (const part of ['tmp', 'new', 'cur']) {
      await mkdir(join(directory, folder, part), { recursive: true });
    }
  }
  return {
    directory,
    async deliver(content, flags, folder = '') {
      const number = ++made;
      const id = `${1_767_225_600 + number}.M${number}P1Q${number}.host`;
      const size = Buffer.byteLength(content);
      const name = `${id},S=${size},W=${size}`;
      const temporary = join(directory, folder, 'tmp', name);
      await writeFile(temporary, content);
      const final = flags === undefined ? join('new', name) : join('cur', `${name}:2,${flags}`);
      await rename(temporary, join(directory, folder, final));
      return id;
    },
  };
}

/** A small message with LF line ends, as a Maildir has it. */
export function sampleMessage(subject: string, body = 'Hello\n', fields = ''): string {
  return `From: Alice <alice@example.com>\nTo: bob@example.org\nSubject: ${subject}\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n${fields}\n${body}`;
}
