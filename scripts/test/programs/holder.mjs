/** Holds the lock of the folder it lies in until its stdin ends, and says when it has it. */
import { exclusively } from '../../bootstrap/lock.mjs';

await exclusively(async () => {
  process.stdout.write('held\n');
  await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  process.stdout.write('released\n');
});
