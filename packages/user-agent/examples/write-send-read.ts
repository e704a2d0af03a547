import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '@posthouse/mail';
import { compose, createMaildirReader, explainFailure, submit } from '@posthouse/user-agent';

const message = await compose({
  from: 'Alice <alice@posthouse.test>',
  to: 'bob@posthouse.test',
  subject: 'Grüße',
  text: 'Hello Bob\n',
  html: '<p>Hello <b>Bob</b> <img src="cid:logo"></p>',
  attachments: [
    { content: 'one,two\n', filename: 'numbers.csv' },
    { content: new Uint8Array(8), contentType: 'image/png', cid: 'logo' },
  ],
});

const server = { host: 'localhost', port: 2587, tls: 'required' } as const;
try {
  const receipt = await submit(message, server);
  for (const { recipient, outcome } of receipt.recipients) {
    console.log(recipient.localPart, outcome.kind, receipt.queueId);
  }
} catch (error) {
  // Where nothing listens: "Nothing listens at localhost, port 2587."
  const { what, next } = explainFailure(error, server);
  console.log(`${what} ${next}`);
}

// A Maildir of our own, so that this runs anywhere; an IMAP server may use it as well.
const directory = await mkdtemp(join(tmpdir(), 'example-'));
for (const part of ['tmp', 'new', 'cur']) await mkdir(join(directory, part));
await writeFile(
  join(directory, 'new', '1767225600.1.host'),
  await readContent(message.content, 1e6),
);

const maildir = createMaildirReader({ directory });
for (const one of (await maildir.list()).messages) {
  const { subject, text, attachments } = await maildir.show(one);
  console.log(
    subject,
    text,
    attachments.map(({ safeName }) => safeName),
  );
  await maildir.mark(one, { seen: true });
}
