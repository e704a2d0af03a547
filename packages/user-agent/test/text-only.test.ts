import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TEXT_ONLY_BYTES, textOnly } from '../src/reading/text-only.ts';

async function filtered(message: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'text-only-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'message');
  await writeFile(path, message);
  const pieces: Buffer[] = [];
  const memory = Buffer.alloc(TEXT_ONLY_BYTES, '--b\n');
  for await (const piece of textOnly(path, memory)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const MIXED = (type: string, content: string): string =>
  `Content-Type: multipart/mixed;\n boundary="b=1"\n\npreamble\n--b=1\nContent-Type: text/plain\n\ntext\n--b=1\nContent-Type: ${type}\n\n${content}\n--b=1\n\nmore text\n--b=1--\nepilogue\n`;

describe('a message without its attachments', () => {
  it.each([
    ['plain', 'Subject: x\n\n--not a boundary\ntext'],
    ['no header', 'just text\n'],
    ['nothing', ''],
    ['a boundary first', '--b\nContent-Type: multipart/x; boundary=b\n\ntext\n'],
    [
      'nested',
      'Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/html\n\n<p>\n--b--\n--a--\n',
    ],
  ])('%s is as it was', async (_name, message) => {
    expect(await filtered(message)).toBe(message);
    const crlf = message.replaceAll('\n', '\r\n');
    expect(await filtered(crlf)).toBe(crlf);
  });

  it.each([
    ['image/png', `${'A'.repeat(76)}\n`.repeat(3000)],
    ['application/octet-stream', '--b=12\n-- b=1\n--\n'],
    [
      'message/rfc822',
      'Subject: in it\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--',
    ],
    ['text/plain\nContent-Disposition: attachment; filename=x', 'attached'],
    ['image/png', 'x'.repeat(300_000)],
  ])('%s loses its content and nothing else', async (type, content) => {
    expect(await filtered(MIXED(type, content))).toBe(
      MIXED(type, '').replace('\n\n\n--b', '\n\n--b'),
    );
  });

  it('goes on behind a boundary that a read begins with', async () => {
    const head = 'Content-Type: multipart/mixed; boundary=b\n\n';
    const text = `${'x'.repeat(65_535 - head.length)}\n`;
    const part = `--b\nContent-Type: image/png\n\n`;
    const content = `${'A'.repeat(76)}\n`.repeat(2000);
    const message = `${head}${text}${part}${content}--b--\n`;
    expect(await filtered(message)).toBe(`${head}${text}${part}--b--\n`);
  });

  it('gives back no octet that was not there, whatever the text', async () => {
    const unit = fc.constantFrom(
      '--b\n',
      '--b--\n',
      'Content-Type: image/png\n',
      'Content-Type: multipart/x; boundary=b\n',
      '\n',
      'text\n',
      '\r',
      '-',
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, maxLength: 30 }), async (message) => {
        let at = 0;
        for (const line of (await filtered(message)).split(/(?<=\n)/)) {
          const found = message.indexOf(line, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + line.length;
        }
      }),
      { numRuns: 50 },
    );
  });
});
