/**
 * kill -9 under load, and the account: what got its 250 is in the mailbox exactly once, and at
 * another host at least once, with a copy more at most where a kill fell between its final dot
 * and our commit. `npm run test:crash -- --kills N` has the count.
 */
import { expect, onTestFinished, test } from 'vitest';
import { maildirIn } from '../test/system/workplace.ts';
import { accountMailboxes, accountPeer, tableText } from './account.ts';
import type { Account } from './account.ts';
import { startOne, startThree, WAYS } from './crash-system.ts';
import type { CrashSystem, ProcessName } from './crash-system.ts';
import { liveAndDie } from './lives.ts';
import type { LivesOptions } from './lives.ts';
import { openMailbox } from './mailbox-client.ts';
import { startPeer } from './peer.ts';
import { createProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { seededRandom } from './step.ts';
import type { Step } from './step.ts';

const KILLS = Number(process.env['CRASH_KILLS'] ?? '60');
const SEED = Number(process.env['CRASH_SEED'] ?? String(Date.now() % 1_000_000));
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';
/** For hangs: a kill takes some seconds. */
const LIMIT_MS = 300_000 + KILLS * 30_000;

test.each(WAYS)(
  'into mailboxes, $name, all in one process',
  { timeout: LIMIT_MS },
  async ({ name, settings }) => {
    const system = await startOne(settings, onTestFinished);
    const steps: readonly Step[] = [
      ...(['content-sync', 'commit', 'reply', 'mailbox-sync'] as const),
      ...(['publish', 'removal'] as const),
    ];
    const random = seededRandom(SEED);
    const options = { name: `one, ${name}`, kills: Math.ceil(KILLS * 0.2), steps, random };
    await expectExactlyOnce(system, { ...options, processOf: () => 'stack' });
  },
);

test.each(WAYS)(
  'into mailboxes, $name, in three processes',
  { timeout: LIMIT_MS },
  async ({ name, settings }) => {
    const system = await startThree(settings, onTestFinished);
    const steps: readonly Step[] = ['reply', 'final-dot', 'publish', 'removal'];
    const places: Partial<Record<Step, ProcessName>> = { reply: 'relay', publish: 'delivery' };
    const processOf = (step: Step): ProcessName => places[step] ?? 'relay';
    const random = seededRandom(SEED + 1);
    const kills = Math.ceil(KILLS * 0.15);
    await expectExactlyOnce(system, { name: `three, ${name}`, kills, steps, random, processOf });
  },
);

test('to another host', { timeout: LIMIT_MS }, async () => {
  const progress = createProgress();
  const peer = await startPeer(() => progress.note('arrived'));
  onTestFinished(() => peer.stop());
  const hop = { host: peer.host, port: peer.port, tls: 'off' };
  const trusted = { trusted_networks: ['127.0.0.1/32'] };
  const system = await startOne(
    { relay: { outbound: 'relayhost', relayhost: hop, ...trusted } },
    onTestFinished,
  );
  const lives = await liveAndDie(
    {
      name: 'peer',
      kills: Math.ceil(KILLS * 0.3),
      steps: ['dial', 'commit', 'final-dot', 'removal'],
      processOf: () => 'stack',
      random: seededRandom(SEED + 2),
      recipients: ['dave@example.net'],
      onLife: (life) => {
        peer.life = life;
      },
    },
    system,
    progress,
  );
  await system.stop();
  conclude('to another host', accountPeer(lives, peer.copies));
});

async function expectExactlyOnce(
  system: CrashSystem,
  options: Omit<LivesOptions, 'recipients'>,
): Promise<void> {
  const progress: Progress = createProgress();
  const readers = [BOB, CAROL].map((address) => {
    const maildir = maildirIn(system.mailState, address);
    const reader = openMailbox(maildir, { progress, random: options.random });
    onTestFinished(() => reader.stop());
    return [address, reader] as const;
  });
  const lives = await liveAndDie({ ...options, recipients: [BOB, CAROL] }, system, progress);
  await system.stop();
  for (const [, reader] of readers) reader.stop();
  const copies = new Map(readers.map(([address, reader]) => [address, reader.copies]));
  conclude(`into mailboxes (${options.name})`, accountMailboxes(lives, copies));
  for (const [, reader] of readers) {
    expect(reader.damaged).toEqual([]);
    expect(reader.missing()).toEqual([]);
  }
}

function conclude(title: string, account: Account): void {
  process.stdout.write(`${tableText(`${title}, seed ${SEED}`, account)}\n`);
  expect(account.breaches).toEqual([]);
}
