/**
 * Shows that syncs really happen, and that slow ones reach everybody: messages one at a time.
 *
 * First under strace: how many calls that sync begin between the end of a message and its 250,
 * and how many in all until it lies in the Maildir. Then, as a check of the other cases, the
 * time to that 250 with the disk as it is and with syncs that take 20 ms: where it grows by
 * less than the syncs before it, slow syncs do not reach the subject.
 *
 * The run fails where Posthouse answers a message before it has synced.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClientSession } from '../load/client-session.ts';
import { COMMON_LOAD, TO_MAILBOX } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { createNumbered } from '../message.ts';
import { now } from '../meter/clock.ts';
import { slowSyncs } from '../meter/slow-sync.ts';
import { countSyncs, tracing, tracingObstacle } from '../meter/sync-calls.ts';
import { median } from '../report/statistics.ts';
import { SETTLE_MS, expectAll, openStand } from '../stand.ts';
import type { Stand } from '../stand.ts';
import { pause } from '../subject/child.ts';
import type { Subject, SubjectSetting } from '../subject/subject.ts';
import type { BenchmarkCase, CaseContext } from './case.ts';

/** One subject. */
interface SyncsRow {
  readonly subject: string;
  /** Sync calls between the end of a message and its 250: of that message which had fewest. */
  readonly leastBeforeReply: number;
  readonly medianBeforeReply: number;
  /** Until the message lies in the Maildir, and what is due then is done. */
  readonly inAll: number;
  /** From the end of a message to its 250; medians. */
  readonly replyMs: number;
  readonly slowReplyMs: number;
}

const SLOW_MS = 20;
const MESSAGES = 30;
const HEAD = [
  '',
  'syncs before the 250: least',
  'median',
  'syncs in all',
  '250 after ms',
  `with syncs of ${SLOW_MS} ms`,
];

export const syncs: BenchmarkCase = {
  name: 'syncs',
  title: 'port 25 → Maildir, 4 KB, one message at a time: what is synced before its 250',
  subjects: ['posthouse', 'postfix', 'exim', 'opensmtpd'],
  syncs: false,
  async run(context) {
    const obstacle = tracingObstacle();
    if (obstacle !== undefined) throw new Error(`syncs cannot be counted: ${obstacle}`);
    const rows: SyncsRow[] = [];
    for (const subject of context.subjects) {
      if (isMailbox(subject)) rows.push(await measure(subject, context));
    }
    const own = rows.find(({ subject }) => subject === 'posthouse');
    if (own?.leastBeforeReply === 0) throw new Error('posthouse answered before it had synced');
    const table = rows.map((row) => [
      row.subject,
      row.leastBeforeReply.toFixed(0),
      row.medianBeforeReply.toFixed(0),
      row.inAll.toFixed(2),
      row.replyMs.toFixed(1),
      row.slowReplyMs.toFixed(1),
    ]);
    return { rows, table: [HEAD, ...table], notes: rows.flatMap(notesOf) };
  },
};

/** Somebody who delivers into a Maildir from port 25. */
function isMailbox({ destinations }: Subject): boolean {
  return destinations === undefined;
}

function notesOf(row: SyncsRow): readonly string[] {
  if (row.leastBeforeReply === 0) return [`${row.subject} answers before it has synced`];
  const expected = row.leastBeforeReply > 0 ? SLOW_MS : 0;
  return row.slowReplyMs < expected ? [`${row.subject} is not reached by slow syncs`] : [];
}

async function measure(subject: Subject, context: CaseContext): Promise<SyncsRow> {
  const load = { ...COMMON_LOAD, messages: context.messages ?? MESSAGES };
  const place = async (name: string): Promise<string> => {
    const directory = join(context.directory, name);
    await mkdir(directory, { recursive: true });
    return directory;
  };
  const traced = await place('traced');
  const file = join(traced, `${subject.name}.syncs`);
  const counted = await sendEach(subject, load, { directory: traced, under: tracing(file) }, () =>
    countSyncs(file),
  );
  const plain = await sendEach(subject, load, { directory: await place('plain') });
  const slow = await place('slow');
  const environment = await slowSyncs(slow, SLOW_MS);
  const slowed = await sendEach(subject, load, { directory: slow, environment });
  const before = counted.map(({ beforeReply }) => beforeReply);
  const row = {
    subject: subject.name,
    leastBeforeReply: Math.min(...before),
    medianBeforeReply: median(before),
    inAll: counted.reduce((sum, { inAll }) => sum + inAll, 0) / counted.length,
    replyMs: median(plain.map(({ replyMs }) => replyMs)),
    slowReplyMs: median(slowed.map(({ replyMs }) => replyMs)),
  };
  context.tell(`syncs: ${subject.name} at least ${row.leastBeforeReply} before a 250`);
  return row;
}

/** One message. */
interface Sent {
  readonly replyMs: number;
  readonly beforeReply: number;
  readonly inAll: number;
}

/** Sends the load's messages one by one, each when the one before lies in the Maildir and is done with. */
async function sendEach(
  subject: Subject,
  load: Load,
  setting: Omit<SubjectSetting, 'sink'>,
  count: () => Promise<number> = () => Promise.resolve(0),
): Promise<readonly Sent[]> {
  const stand = await openStand(subject, load, setting);
  try {
    const session = await ClientSession.open(stand.entry);
    const sent: Sent[] = [];
    for (let number = 1; number <= load.messages; number += 1) {
      const before = await count();
      const replyMs = await sendOne(session, stand, number);
      const atReply = await count();
      await stand.arrival?.reached(1);
      await pause(SETTLE_MS);
      expectAll(await stand.arrival?.check('single'), 1);
      const inAll = (await count()) - before;
      sent.push({ replyMs, beforeReply: atReply - before, inAll });
    }
    await session.close();
    return sent;
  } finally {
    await stand.stop();
  }
}

async function sendOne(session: ClientSession, stand: Stand, number: number): Promise<number> {
  const message = createNumbered('single', stand.pattern);
  const sentAt = await session.send(TO_MAILBOX, message(number));
  return now() - sentAt;
}
