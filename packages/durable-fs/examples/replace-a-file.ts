import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDisk, DurableFsError, readFile, replaceFile } from '@posthouse/durable-fs';

const state = await mkdtemp(join(tmpdir(), 'posthouse-'));
const disk = createDisk(); // one per process: callers share its directory syncs

await disk.directories.ensure(join(state, 'mail/example.test'));
try {
  await replaceFile(disk, join(state, 'accounts'), Buffer.from('alice@example.test:...\n'));
  // From here on a power cut changes nothing.
} catch (error) {
  if (error instanceof DurableFsError && error.kind === 'full') console.error('no room left');
  throw error;
}
const bytes = await readFile(disk, join(state, 'accounts'), 1_000_000);
console.log(Buffer.from(bytes).toString());
await rm(state, { recursive: true });
