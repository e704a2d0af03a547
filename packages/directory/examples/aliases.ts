/** An account, an alias that goes to it and to the outside, and who may write from which. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount, createDirectory } from '@posthouse/directory';
import { formatMailbox, parseMailbox, silentLogger, systemClock } from '@posthouse/mail';

const scratch = await mkdtemp(join(tmpdir(), 'posthouse-'));
const accountsFile = join(scratch, 'accounts');
await addAccount({ path: accountsFile }, 'alice@example.test', 'correct horse');

const directory = createDirectory(
  {
    domains: ['example.test'],
    aliases: { 'sales@example.test': ['alice@example.test', 'partner@elsewhere.test'] },
    accountsFile,
  },
  { logger: silentLogger, clock: systemClock },
);
await directory.start();

const alice = await directory.authenticate('alice@example.test', 'correct horse');
const sales = parseMailbox('sales@example.test');
if (alice !== undefined && sales !== undefined) {
  console.log(directory.expand(sales).finals.map(formatMailbox));
  console.log('alice owns sales@:', directory.owns(alice, sales));
}

await directory.stop();
await rm(scratch, { recursive: true });
