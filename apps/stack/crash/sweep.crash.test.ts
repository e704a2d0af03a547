/**
 * Killed at every system call of a delivery: the first of its kind, the second, and so on, until
 * a delivery gets through without coming to another one. It closes the gaps between random
 * kills. `npm run test:sweep -- --calls fsync,rename`, on Linux with strace, as who may trace.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { accountMailboxes, tableText } from './account.ts';
import { startOne, startThree, WAYS } from './crash-system.ts';
import type { CrashSystem, ProcessName } from './crash-system.ts';
import { drain } from './lives.ts';
import { sendOne } from './load.ts';
import type { SentMessage } from './load.ts';
import { copiesIn } from './mailbox-copies.ts';
import { interfere } from './system-calls.ts';

/** Those after which something else lies on the disk: a plain write lies nowhere before its sync. */
const CALLS = 'fsync,fdatasync,rename,link,unlink,ftruncate,pwrite64';
const calls = (process.env['CRASH_CALLS'] ?? CALLS).split(',');
const RECIPIENTS = ['bob@example.test', 'carol@example.test'];
/** No delivery has so many calls of one kind; the bound is for a system that never gets through. */
const MAX_CALLS = 400;

/** A thread for files, so that counting by thread is counting. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' };

describe.each(WAYS)('mail that is $name', ({ settings }) => {
  test.each(calls)('at every %s of the stack', { timeout: 3_600_000 }, async (call) => {
    await sweep(call, 'stack', await startOne(settings, onTestFinished));
  });
});

test.each(calls)('at every %s of delivery alone', { timeout: 3_600_000 }, async (call) => {
  await sweep(call, 'delivery', await startThree({}, onTestFinished));
});

async function sweep(call: string, victim: ProcessName, system: CrashSystem): Promise<void> {
  await system.kill(system.names); // each life begins with its own surroundings
  const sent: SentMessage[] = [];
  const killedAt: number[] = [];
  for (let nth = 1; nth <= MAX_CALLS; nth += 1) {
    await system.start({ [victim]: ONE_THREAD });
    await drain(system); // what the last kill left is not this delivery's
    const traced = await interfere(system.pid(victim), [call], `signal=KILL:when=${nth}`);
    const died = system.ended([victim]).then(() => true);
    const through = deliverTwo(system, `${victim}-${call}-${nth}`, sent).then(
      () => false,
      () => died, // what it broke off with
    );
    const isDead = await Promise.race([died, through]);
    await traced.detach();
    if (!isDead) break;
    killedAt.push(Date.now());
  }
  await system.start();
  const ends = await drain(system);
  await system.stop();
  const title = `killed at every ${call} of ${victim}`;
  const lives = { sent, ends, killedAt, atSteps: killedAt.length };
  const account = accountMailboxes(lives, copiesIn(system, RECIPIENTS));
  process.stdout.write(`${tableText(title, account)}\n`);
  expect(account.breaches).toEqual([]);
  expect(killedAt.length).toBeLessThan(MAX_CALLS);
}

/** A small one, within a row of the queue, and a large one, in a file; waits for their ends. */
async function deliverTwo(system: CrashSystem, name: string, sent: SentMessage[]): Promise<void> {
  for (const size of ['small', 'large'] as const) {
    const message: SentMessage = { id: `${name}-${size}`, recipients: RECIPIENTS };
    sent.push(message);
    await sendOne(system.relay, message, size === 'large');
  }
  await drain(system);
}
