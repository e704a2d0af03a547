import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDelivery } from '@posthouse/delivery';
import { listMessages, maildirPath } from '@posthouse/delivery/maildir';
import { addAccount, createDirectory } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { contentOf, newTraceId, NO_PARAMS, NULL_PATH, pour } from '@posthouse/mail';
import { parseForwardPath, silentLogger as logger, systemClock as clock } from '@posthouse/mail';

const state = await mkdtemp(join(tmpdir(), 'posthouse-'));
const [accountsFile, mailDirectory] = [join(state, 'accounts'), join(state, 'mail')];
await addAccount({ path: accountsFile }, 'alice@example.test', 'a long password');
const directory = createDirectory({ domains: ['example.test'], accountsFile }, { logger, clock });
await directory.start();

const disk = createDisk(); // one for all that write in this process
const options = { hostname: 'mx.example.test', mailDirectory };
const delivery = createDelivery(options, { directory, logger, clock, disk });
await delivery.start();

const alice = parseForwardPath('<alice@example.test>');
if (alice === undefined) throw new TypeError('no address');
const transaction = delivery.begin(NULL_PATH, NO_PARAMS, {
  protocol: 'local',
  peer: { address: 'local' },
  greeting: '',
  arrivedAt: Date.now(),
  traceId: newTraceId(),
});
await transaction.recipient(alice, NO_PARAMS); // throws 550 5.1.1 for nobody
const message = Buffer.from('Subject: hello\r\n\r\nHello Alice!\r\n');
await pour(contentOf(message), transaction.stage(new Uint8Array()));
const [outcome] = await transaction.commit();
console.log(outcome?.kind); // from here on a power cut changes nothing

for (const { path } of await listMessages(disk, maildirPath(mailDirectory, alice))) {
  console.log(await readFile(path, 'utf8'));
}
await delivery.stop();
await rm(state, { recursive: true });
