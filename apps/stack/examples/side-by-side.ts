/** Two mail systems in one process, and a message from an author of one to a reader of the other. */
import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@posthouse/stack';
import type { StackAddresses } from '@posthouse/stack';
import { compose, createMaildirReader, submit } from '@posthouse/user-agent';

const directory = mkdtempSync(join(tmpdir(), 'mail-'));
const right = await startStack({
  directory: join(directory, 'right'),
  configuration: '[domains]\nown = ["right.test"]',
  accounts: { 'bob@right.test': 'secret' },
});
const left = await startStack({
  directory: join(directory, 'left'),
  configuration: `[domains]
own = ["left.test"]
[relay.routes]
"right.test" = { host = "127.0.0.1", port = ${portOf(right.addresses.relay)} }`,
  accounts: { 'alice@left.test': 'secret' },
});

const message = await compose({
  from: 'alice@left.test',
  to: 'bob@right.test',
  subject: 'Over there',
  text: 'Hi',
});
await submit(message, {
  host: '127.0.0.1',
  port: portOf(left.addresses.submission),
  tls: 'required',
  ca: await readFile(left.authorityFile ?? '', 'utf8'),
  login: { user: 'alice@left.test', password: 'secret' },
});
await left.stop();
await right.stop();

const maildir = join(right.mailDirectory, 'right.test', 'bob', 'Maildir');
const { messages } = await createMaildirReader({ directory: maildir }).list();
for (const { from, subject } of messages) console.log(from[0]?.address, subject);

function portOf(address: StackAddresses['relay']): number {
  if (address === undefined || !('port' in address)) throw new Error('there is no such listener');
  return address.port;
}
