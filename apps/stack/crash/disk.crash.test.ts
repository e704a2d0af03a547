/**
 * Disks that fail below the real processes, under load: full, with syncs that fail or last long,
 * with folders that cannot be written. New mail is refused with 4yz meanwhile, the process goes
 * on when the disk does, and what got its 250 is in the mailbox exactly once.
 *
 * `npm run test:disk`, as root on Linux with strace.
 */
import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { maildirIn } from '../test/system/workplace.ts';
import { accountMailboxes, tableText } from './account.ts';
import { startOne } from './crash-system.ts';
import type { CrashSystem } from './crash-system.ts';
import { drain } from './lives.ts';
import { startLoad } from './load.ts';
import type { SentMessage } from './load.ts';
import { copiesIn } from './mailbox-copies.ts';
import { canMountImages, createPowerImage, onImage } from './power-image.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { interfere } from './system-calls.ts';

const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';
const RECIPIENTS = [BOB, CAROL];
const SYNCS = ['fsync', 'fdatasync'];
const LIMIT_MS = 600_000;

test.skipIf(!canMountImages())(
  'a full disk refuses new mail, and takes it again when there is room',
  { timeout: LIMIT_MS },
  async () => {
    const image = createPowerImage({ megabytes: 128 });
    onTestFinished(() => image.remove());
    // Without the reserve that is kept free else: the disk itself has to say it.
    const sections = { queue: { min_free_space: '0B' } };
    const system = await onImage(image, () => startOne(sections, onTestFinished));
    const ballast = join(image.directory, 'ballast');
    await underLoad('full disk', system, async (progress) => {
      await progress.reached('acknowledged', 40);
      const { bavail, bsize } = statfsSync(image.directory);
      execFileSync('fallocate', ['-l', String(bavail * bsize - 1_000_000), ballast]);
      await progress.reached('refused', 20);
      rmSync(ballast);
      progress.reset();
      await progress.reached('acknowledged', 40);
    });
  },
);

test(
  'syncs that fail now and then cost nothing that was promised',
  { timeout: LIMIT_MS },
  async () => {
    const system = await startOne({}, onTestFinished);
    await underLoad('failing syncs', system, async (progress) => {
      await progress.reached('acknowledged', 20);
      const traced = await interfere(system.pid('stack'), SYNCS, 'error=EIO:when=3+7');
      await progress.reached('refused', 20);
      await traced.detach();
      progress.reset();
      await progress.reached('acknowledged', 40);
    });
  },
);

test(
  'a disk whose syncs take a third of a second is only slow',
  { timeout: LIMIT_MS },
  async () => {
    const system = await startOne({}, onTestFinished);
    const sent = await underLoad('slow syncs', system, async (progress) => {
      const traced = await interfere(system.pid('stack'), SYNCS, 'delay_enter=300000');
      await progress.reached('acknowledged', 40);
      await traced.detach();
    });
    expect(sent.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'folders that cannot be written refuse or delay, until they can',
  { timeout: LIMIT_MS },
  async () => {
    const system = await startOne({}, onTestFinished);
    const folders = [
      join(system.mailState, 'queue', 'content'),
      join(maildirIn(system.mailState, BOB), 'tmp'),
    ];
    await underLoad('folders made immutable', system, async (progress) => {
      await progress.reached('acknowledged', 40);
      execFileSync('chattr', ['+i', ...folders]);
      await progress.reached('refused', 5); // large ones: they are files of the queue
      execFileSync('chattr', ['-i', ...folders]);
      progress.reset();
      await progress.reached('acknowledged', 40);
    });
  },
);

/** Runs the faults under load, and gives the account of all that was promised. */
async function underLoad(
  title: string,
  system: CrashSystem,
  faults: (progress: Progress) => Promise<void>,
): Promise<readonly SentMessage[]> {
  const progress = createProgress();
  const sent: SentMessage[] = [];
  const target = { relay: system.relay, recipients: RECIPIENTS };
  const load = startLoad('disk', target, { progress, sent });
  const died = system.ended(['stack']).then(() => Promise.reject(new Error('the stack ended')));
  await Promise.race([faults(progress), died]);
  await load.stop();
  const ends = await drain(system);
  await system.stop();
  await died.catch(() => undefined);
  const lives = { sent, ends, killedAt: [], atSteps: 0 };
  const account = accountMailboxes(lives, copiesIn(system, RECIPIENTS));
  process.stdout.write(`${tableText(title, account)}\n`);
  expect(account.breaches).toEqual([]);
  const refusals = sent.flatMap(({ refusal }) => refusal ?? []);
  expect(refusals.filter((reply) => !reply.startsWith('4'))).toEqual([]);
  return sent;
}
