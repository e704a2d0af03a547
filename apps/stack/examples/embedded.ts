/** A whole mail system in a test of one's own: start, submit, read, stop. */
import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@posthouse/stack';
import { compose, createMaildirReader, submit } from '@posthouse/user-agent';

const accounts = { 'alice@posthouse.test': 'secret', 'bob@posthouse.test': 'secret' };
const stack = await startStack({ directory: mkdtempSync(join(tmpdir(), 'mail-')), accounts });
const message = await compose({
  from: 'alice@posthouse.test',
  to: 'bob@posthouse.test',
  subject: 'Hello',
  text: 'Hi',
});
const { submission } = stack.addresses;
if (submission === undefined || !('port' in submission)) throw new Error('submission is off');
const receipt = await submit(message, {
  ...submission,
  tls: 'required',
  ca: await readFile(stack.authorityFile ?? '', 'utf8'),
  login: { user: 'alice@posthouse.test', password: 'secret' },
});
console.log(receipt.reply?.lines);

// The 250 means that it is durable; stopping lets the delivery that is under way end.
await stack.stop();
const inbox = createMaildirReader({
  directory: join(stack.mailDirectory, 'posthouse.test/bob/Maildir'),
});
for (const { from, subject } of (await inbox.list()).messages)
  console.log(from[0]?.address, subject);
