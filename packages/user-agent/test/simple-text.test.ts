import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readSimpleText, simpleTextBytes } from '../src/reading/simple-text.ts';

async function read(message: string | Buffer, maxBytes = 1000): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'simple-text-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'message');
  await writeFile(path, message);
  return readSimpleText(path, maxBytes, Buffer.alloc(simpleTextBytes(maxBytes), 'x'));
}

it.each([
  ['Subject: x\n\ntext\n', 'text\n'],
  ['Subject: x\r\n\r\nnaïve\r\n', 'naïve\n'],
  ['Content-Transfer-Encoding: base64\n\nbmHD\nr3Zl\n', 'naïve'],
  ['Content-Transfer-Encoding: quoted-printable\n\nna=C3=AFve ca=\nfé\n', 'naïve café\n'],
])('%j says %j', async (message, text) => {
  const said = await read(Buffer.from(message.replace('fé', 'f=C3=A9')));
  expect(said).toBe(text);
});

it('reads charsets, and no more than is asked for', async () => {
  const head = 'Content-Type: text/plain; charset="iso-8859-1"\n\n';
  expect(await read(Buffer.from(`${head}na\u00efve`, 'latin1'))).toBe('naïve');
  expect(await read(`\n${'x'.repeat(5000)}`, 10)).toBeUndefined();
  expect(await read(`A: b\n\n${'x'.repeat(5000)}`, 10)).toBe('x'.repeat(10));
});

it.each([
  'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n',
  'Content-Type: text/html\n\n<p>x',
  'Content-Type: text/plain; format=flowed\n\nx \ny\n',
  'Content-Type: text/plain; name=x.txt\n\nx\n',
  'Content-Disposition: attachment\n\nx\n',
  'Content-Transfer-Encoding: x-uuencode\n\nx\n',
  'From here\nSubject: x\n\nx\n',
  'Subject: no body',
])('leaves %j to the parser', async (message) => {
  expect(await read(message)).toBeUndefined();
});
