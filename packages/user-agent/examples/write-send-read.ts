import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '@posthouse/mail';
import { compose, createMaildirReader, explainFailure, submit } from '@posthouse/user-agent';

const message = await compose({
  from: 'Alice <alice@posthouse.test>',
  to: 'bob@posthouse.test',
  subject: 'Grüße',
  text: 'Hello Bob\n',
  attachments: [{ content: 'one,two\n', filename: 'numbers.csv' }],
});

const server = { host: 'localhost', port: 2587, tls: 'required' } as const;
try {
  const { recipients, queueId } = await submit(message, server);
  for (const { outcome } of recipients) console.log(outcome.kind, queueId);
} catch (error) {
  // Where nothing listens: "Nothing listens at port 2587 of localhost."
  const { what, next } = explainFailure(error, server);
  console.log(what, next);
}

// A Maildir of our own, so that this runs anywhere.
const directory = await mkdtemp(join(tmpdir(), 'example-'));
for (const part of ['tmp', 'new', 'cur']) await mkdir(join(directory, part));
const octets = await readContent(message.content, 1_000_000);
await writeFile(join(directory, 'new', '1767225600.1.host'), octets);

const maildir = createMaildirReader({ directory });
for (const one of (await maildir.list()).messages) {
  const { subject, text, attachments } = await maildir.show(one);
  console.log(subject, text, attachments[0]?.safeName);
  await maildir.mark(one, { seen: true });
}
await rm(directory, { recursive: true });
