/**
 * Power cuts under load, and the account: what got its 250 is in the mailbox exactly once. With
 * a control that must lose mail, so that the method is known to see a loss: the same with
 * syncs that do nothing (libeatmydata). `npm run test:power -- --cuts N`, as root on Linux.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { maildirIn } from '../test/system/workplace.ts';
import { accountMailboxes, tableText } from './account.ts';
import type { Account } from './account.ts';
import { startOne } from './crash-system.ts';
import type { CrashSystem } from './crash-system.ts';
import { drain } from './lives.ts';
import { startLoad } from './load.ts';
import type { SentMessage } from './load.ts';
import { openMailbox } from './mailbox-client.ts';
import { createPowerImage } from './power-image.ts';
import type { PowerImage } from './power-image.ts';
import { createProgress } from './progress.ts';

const CUTS = Number(process.env['CRASH_CUTS'] ?? '3');
const RECIPIENTS = ['bob@example.test', 'carol@example.test'];
const EAT_MY_DATA = '/usr/lib/x86_64-linux-gnu/libeatmydata.so';
/** Acknowledged messages before a cut. */
const LOAD = 150;

test(
  'nothing that was promised is lost when the power fails',
  { timeout: 600_000 + CUTS * 60_000 },
  async () => {
    const account = await liveWithCuts('with syncs', CUTS, {});
    expect(account.breaches).toEqual([]);
  },
);

test.skipIf(!existsSync(EAT_MY_DATA))(
  'the method sees a loss where syncs do nothing',
  { timeout: 600_000 },
  async () => {
    const account = await liveWithCuts('without syncs', 1, { LD_PRELOAD: EAT_MY_DATA });
    expect(account.breaches).not.toEqual([]);
  },
);

async function liveWithCuts(
  name: string,
  cuts: number,
  env: Readonly<Record<string, string>>,
): Promise<Account> {
  const image = createPowerImage();
  onTestFinished(() => image.remove());
  const system = await startOn(image);
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
  await system.stop();
  const account = accountMailboxes({ sent, ends, killedAt: cutAt, atSteps: 0 }, copiesIn(system));
  process.stdout.write(`${tableText(`power cuts, ${name}`, account)}\n`);
  return account;
}

/** A stack whose every file lies on the image. */
async function startOn(image: PowerImage): Promise<CrashSystem> {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = image.directory;
  try {
    return await startOne({}, onTestFinished);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
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

function copiesIn(system: CrashSystem): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const copies = new Map<string, ReadonlyMap<string, number>>();
  for (const recipient of RECIPIENTS) {
    const maildir = maildirIn(system.mailState, recipient);
    const reader = openMailbox(maildir, { progress: createProgress(), random: () => 0 });
    reader.stop();
    expect(reader.damaged).toEqual([]);
    copies.set(recipient, reader.copies);
  }
  return copies;
}
