/**
 * Power cuts under load, and the account: what got its 250 is in the mailbox exactly once. With
 * a control that must lose mail, so that the method is known to see a loss: the same with
 * syncs that do nothing (libeatmydata). `npm run test:power -- --cuts N`, as root on Linux.
 */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { accountMailboxes, tableText } from './account.ts';
import type { Account } from './account.ts';
import { startOne, startThree } from './crash-system.ts';
import type { CrashSystem } from './crash-system.ts';
import { drain } from './lives.ts';
import { startLoad } from './load.ts';
import type { SentMessage } from './load.ts';
import { copiesIn } from './mailbox-copies.ts';
import { canMountImages, createPowerImage, onImage } from './power-image.ts';
import { createProgress } from './progress.ts';
import { maildirIn } from '../test/system/workplace.ts';

const CUTS = Number(process.env['CRASH_CUTS'] ?? '3');
const RECIPIENTS = ['bob@example.test', 'carol@example.test'];
const EAT_MY_DATA = '/usr/lib/x86_64-linux-gnu/libeatmydata.so';
/** Acknowledged messages before a cut. */
const LOAD = 150;

/** Nobody may mount a disk image here: said by the names of the tests that are skipped. */
const isWithoutImages = !canMountImages();

const SHAPES = [
  { shape: 'one process', start: () => startOne({}, onTestFinished) },
  {
    shape: 'three processes, mail stored first',
    start: () => startThree({ queue: { deliver_first: '0s' } }, onTestFinished),
  },
];

test.skipIf(isWithoutImages).each(SHAPES)(
  'nothing that was promised is lost when the power fails: $shape',
  { timeout: 600_000 + CUTS * 60_000 },
  async ({ shape, start }) => {
    const account = await liveWithCuts(`with syncs, ${shape}`, { cuts: CUTS, start });
    expect(account.breaches).toEqual([]);
  },
);

test.skipIf(isWithoutImages || !existsSync(EAT_MY_DATA))(
  'the method sees a loss where syncs do nothing',
  { timeout: 600_000 },
  async () => {
    const start = (): Promise<CrashSystem> => startOne({}, onTestFinished);
    const env = { LD_PRELOAD: EAT_MY_DATA };
    const account = await liveWithCuts('without syncs', { cuts: 1, start, env });
    expect(account.breaches).not.toEqual([]);
  },
);

test.skipIf(isWithoutImages)(
  'the method sees a name that no sync of its directory followed',
  () => {
    const image = createPowerImage({ megabytes: 32 });
    onTestFinished(() => image.remove());
    const unfinished = join(image.directory, 'unfinished');
    const published = join(image.directory, 'published');
    writeFileSync(unfinished, 'whole', { flush: true });
    renameSync(unfinished, published);
    image.cut();
    image.restore();
    expect(existsSync(published)).toBe(false);
  },
);

interface Cutting {
  readonly cuts: number;
  readonly start: () => Promise<CrashSystem>;
  /** Of the process that keeps the queue. */
  readonly env?: Readonly<Record<string, string>>;
}

async function liveWithCuts(name: string, { cuts, env = {}, start }: Cutting): Promise<Account> {
  const image = createPowerImage({ megabytes: 512 });
  onTestFinished(() => image.remove());
  const system = await onImage(image, start);
  image.sync(); // accounts and certificates were not made as mail is
  const sent: SentMessage[] = [];
  const cutAt: number[] = [];
  const progress = createProgress();
  for (let cut = 0; cut < cuts; cut += 1) {
    await system.kill(system.names);
    await system.start({ stack: env });
    progress.reset();
    const { accounts, ca } = system.workplace;
    const user = 'alice@example.test';
    const submission = { ...system.submission, ca, user, password: accounts[user] ?? '' };
    const target = { submission, relay: system.relay, recipients: RECIPIENTS };
    const load = startLoad(`cut-${cut}`, target, { progress, sent });
    await progress.reached('acknowledged', LOAD);
    freeze(system.pids());
    image.cut();
    cutAt.push(Date.now());
    await system.kill(system.names);
    await load.stop();
    image.restore();
    process.stdout.write(`${name}: cut ${cut + 1} of ${cuts}\n`);
  }
  await system.start();
  const ends = await drain(system);
  // A rename that the last cut has undone is done again when its file is a minute old.
  await expect.poll(() => wholeInTmp(system), { timeout: 90_000 }).toEqual([]);
  await system.stop();
  const account = accountMailboxes(
    { sent, ends, killedAt: cutAt, atSteps: 0 },
    copiesIn(system, RECIPIENTS),
  );
  process.stdout.write(`${tableText(`power cuts, ${name}`, account)}\n`);
  return account;
}

/** Messages in `tmp` that are as long as their names tell. */
function wholeInTmp(system: CrashSystem): readonly string[] {
  return RECIPIENTS.flatMap((recipient) => {
    const tmp = join(maildirIn(system.mailState, recipient), 'tmp');
    if (!existsSync(tmp)) return [];
    return readdirSync(tmp).filter((name) => {
      const size = statSync(join(tmp, name), { throwIfNoEntry: false })?.size;
      return name.includes(`,S=${size},`);
    });
  });
}

/** Stops every thread, so that nothing is between a sync and its 250 when the power fails. */
function freeze(pids: readonly number[]): void {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  for (const pid of pids) {
    const threads = readdirSync(`/proc/${pid}/task`);
    const isStopped = (thread: string): boolean =>
      / [Tt] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'));
    while (!threads.every(isStopped)); // it is a matter of its system calls
  }
}
