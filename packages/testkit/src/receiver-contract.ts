/**
 * The contract of the seam, as a suite that every MailReceiver runs.
 *
 * An implementation gives a way to make a receiver and to see what it has taken;
 * the suite says what must hold whatever stands behind. What an implementation
 * cannot be made to do (refuse a recipient, say) it leaves out, and the suite says
 * so by name as a skipped test.
 */
import { describe, expect, it } from 'vitest';
import {
  formatMailbox,
  isTaken,
  MailError,
  NO_PARAMS,
  NULL_PATH,
  pour,
  contentOf,
} from '@posthouse/mail';
import type { ForwardPath, MailReceiver, MailTransaction, RecipientOutcome } from '@posthouse/mail';
import { mailbox, testContext } from './addresses.ts';

/** A receiver under test, and a window on what it has taken. */
export interface ReceiverUnderTest {
  readonly receiver: MailReceiver;
  /** Recipients that it takes; at least two. */
  readonly known: readonly ForwardPath[];
  /** A recipient that it refuses at `recipient()`; left out where there is none. */
  readonly refused?: ForwardPath;
  /** Every copy that was taken so far, whole: one entry for each recipient. Waits until what was accepted is visible. */
  taken(): Promise<readonly TakenCopy[]>;
  /** Whether anything of unfinished transactions is left, once all have been aborted. */
  leftovers(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface TakenCopy {
  readonly recipient: ForwardPath;
  /** What was taken, with added fields in front. */
  readonly bytes: Buffer;
}

/** A message that wants nothing, so that a receiver which repairs has nothing to repair. */
function messageOf(subject: string, body: string): Buffer {
  return Buffer.from(
    `Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nFrom: <alice@example.test>\r\nTo: <bob@example.test>\r\n` +
      `Message-ID: <${subject}@example.test>\r\nSubject: ${subject}\r\n\r\n${body}`,
  );
}

const MESSAGE = messageOf('seam', '.\r\n..\r\nNUL \0, 8 bit \u00e9\r\n\r\n');
const PREFIX = Buffer.from('X-Prefix: first\r\n');

/** Registers the suite. */
export function describeReceiverContract(
  name: string,
  create: () => Promise<ReceiverUnderTest>,
): void {
  describe(`${name} keeps the seam's contract`, () => {
    const using = async (check: (under: ReceiverUnderTest) => Promise<void>): Promise<void> => {
      const under = await create();
      try {
        await check(under);
      } finally {
        await under.stop();
      }
    };
    describeTaking(using);
    describeRefusing(using);
    describeRefusingAhead(using);
    describeAborting(using);
    describeOutcomes(using);
  });
}

type Using = (check: (under: ReceiverUnderTest) => Promise<void>) => Promise<void>;

function describeTaking(using: Using): void {
  it('takes a message whole, prefix first, once for each recipient', () =>
    using(async (under) => {
      const outcomes = await send(under.receiver, under.known, MESSAGE);
      expect(outcomes.map(isTaken)).toEqual(under.known.map(() => true));
      const copies = await under.taken();
      expect(copies.map((copy) => formatMailbox(copy.recipient)).toSorted()).toEqual(
        under.known.map(formatMailbox).toSorted(),
      );
      for (const copy of copies) {
        const prefixAt = copy.bytes.indexOf(PREFIX);
        expect(prefixAt).toBeGreaterThanOrEqual(0);
        expect(copy.bytes.subarray(prefixAt + PREFIX.length).toString('latin1')).toBe(
          MESSAGE.toString('latin1'),
        );
      }
    }));

  it('takes from the null reverse-path', () =>
    using(async (under) => {
      const transaction = under.receiver.begin(NULL_PATH, NO_PARAMS, testContext());
      const outcomes = await finish(transaction, under.known.slice(0, 1), MESSAGE);
      expect(outcomes.map(isTaken)).toEqual([true]);
    }));

  it('takes content in chunks of any size, and does not keep a chunk’s memory', () =>
    using(async (under) => {
      const transaction = begin(under.receiver);
      await transaction.opened;
      await transaction.recipient(first(under.known), NO_PARAMS);
      const writer = transaction.stage(PREFIX);
      const scratch = Buffer.alloc(7);
      for (let at = 0; at < MESSAGE.length; at += scratch.length) {
        const length = MESSAGE.copy(scratch, 0, at);
        await writer.write(scratch.subarray(0, length));
        scratch.fill('!');
      }
      await writer.end();
      expect((await transaction.commit()).map(isTaken)).toEqual([true]);
      expect((await under.taken())[0]?.bytes.includes(MESSAGE)).toBe(true);
    }));

  it('lets recipients be named without waiting for the one before', () =>
    using(async (under) => {
      const transaction = begin(under.receiver);
      await Promise.all([
        transaction.opened,
        ...under.known.map((path) => transaction.recipient(path, NO_PARAMS)),
      ]);
      const outcomes = await commit(transaction, MESSAGE);
      expect(outcomes).toHaveLength(under.known.length);
    }));

  it('takes all that is said before anybody was answered, where it says so', (test) =>
    using(async (under) => {
      if (under.receiver.stagesAhead !== true) test.skip('it does not stage ahead');
      const transaction = begin(under.receiver);
      const asked = under.known.map((path) => transaction.recipient(path, NO_PARAMS));
      const outcomes = await commit(transaction, MESSAGE);
      await Promise.all(asked);
      expect(outcomes.map(isTaken)).toEqual(under.known.map(() => true));
      for (const copy of await under.taken()) expect(copy.bytes.includes(MESSAGE)).toBe(true);
    }));

  it('keeps transactions at the same time apart', () =>
    using(async (under) => {
      const bodies = ['one', 'two', 'three'].map((n) => messageOf(n, `body ${n}\r\n`));
      const results = await Promise.all(
        bodies.map((body) => send(under.receiver, under.known.slice(0, 1), body)),
      );
      expect(results.flat().every(isTaken)).toBe(true);
      const copies = await under.taken();
      for (const body of bodies) {
        expect(copies.filter((copy) => copy.bytes.includes(body))).toHaveLength(1);
      }
    }));

  it('gives every transaction an id of its own before anything is answered', () =>
    using(async (under) => {
      const transactions = [begin(under.receiver), begin(under.receiver)];
      expect(new Set(transactions.map((transaction) => transaction.id)).size).toBe(2);
      await Promise.all(transactions.map((transaction) => transaction.abort()));
    }));
}

function describeRefusing(using: Using): void {
  it('refuses one recipient with a MailError and takes the others, outcomes in the order of the calls', (test) =>
    using(async (under) => {
      const { refused } = under;
      if (refused === undefined) return test.skip('this receiver refuses no recipient');
      const transaction = begin(under.receiver);
      await transaction.opened;
      const answers = await Promise.allSettled(
        [first(under.known), refused, ...under.known.slice(1)].map((path) =>
          transaction.recipient(path, NO_PARAMS),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual([
        'fulfilled',
        'rejected',
        ...under.known.slice(1).map(() => 'fulfilled'),
      ]);
      const reason: unknown = answers[1]?.status === 'rejected' ? answers[1].reason : undefined;
      expect(reason).toBeInstanceOf(MailError);
      const outcomes = await commit(transaction, MESSAGE);
      expect(outcomes).toHaveLength(under.known.length);
      const copies = await under.taken();
      expect(copies.map((copy) => formatMailbox(copy.recipient))).not.toContain(
        formatMailbox(refused),
      );
    }));
}

function describeRefusingAhead(using: Using): void {
  it('rejects a commit that comes before the answers where nobody is taken', (test) =>
    using(async (under) => {
      const { receiver, refused } = under;
      if (receiver.stagesAhead !== true) test.skip('it does not stage ahead');
      if (refused === undefined) return test.skip('it refuses nobody');
      const transaction = begin(receiver);
      const asked = transaction.recipient(refused, NO_PARAMS);
      const committed = commit(transaction, MESSAGE);
      await expect(asked).rejects.toBeInstanceOf(MailError);
      await expect(committed).rejects.toThrow();
      expect(await under.taken()).toEqual([]);
    }));
}

function describeAborting(using: Using): void {
  it('leaves nothing behind when aborted, at whatever step', () =>
    using(async (under) => {
      for (const step of ['begin', 'recipient', 'stage', 'write', 'end'] as const) {
        const transaction = begin(under.receiver);
        await goTo(step, transaction, first(under.known));
        await transaction.abort();
        await transaction.abort(); // idempotent
      }
      expect(await under.taken()).toEqual([]);
      expect(await under.leftovers()).toEqual([]);
    }));

  it('refuses to go on after an abort', () =>
    using(async (under) => {
      const transaction = begin(under.receiver);
      await transaction.opened;
      await transaction.abort();
      await expect(transaction.recipient(first(under.known), NO_PARAMS)).rejects.toThrow();
      await expect(transaction.commit()).rejects.toThrow();
      expect(await under.taken()).toEqual([]);
    }));

  it('is not undone by an abort after the commit has begun', () =>
    using(async (under) => {
      const transaction = begin(under.receiver);
      await goTo('end', transaction, first(under.known));
      const committed = transaction.commit();
      await transaction.abort();
      expect((await committed).map(isTaken)).toEqual([true]);
      expect(await under.taken()).toHaveLength(1);
    }));
}

function describeOutcomes(using: Using): void {
  it('counts the same recipient twice as two', () =>
    using(async (under) => {
      const path = first(under.known);
      const outcomes = await send(under.receiver, [path, path], MESSAGE);
      expect(outcomes.map(isTaken)).toEqual([true, true]);
    }));

  it('gives outcomes that may cross to another thread, of one kind where one reply must do', () =>
    using(async (under) => {
      const outcomes = await send(under.receiver, under.known, MESSAGE);
      expect(structuredClone(outcomes)).toEqual(outcomes);
      if (under.receiver.results === 'all-or-nothing') {
        expect(new Set(outcomes.map((outcome) => outcome.kind)).size).toBe(1);
      }
    }));

  it('takes a message of several megabytes', () =>
    using(async (under) => {
      const line = `${'x'.repeat(76)}\r\n`;
      const large = messageOf('large', line.repeat(50_000));
      const outcomes = await send(under.receiver, under.known.slice(0, 1), large);
      expect(outcomes.map(isTaken)).toEqual([true]);
      expect((await under.taken())[0]?.bytes.includes(large)).toBe(true);
    }));

  it('obeys a deadline that has passed', () =>
    using(async (under) => {
      const transaction = begin(under.receiver);
      await transaction.opened;
      const late = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
      await expect(
        transaction.recipient(first(under.known), NO_PARAMS, late),
      ).rejects.toMatchObject({ code: 'deadline-passed' });
      await transaction.abort();
    }));
}

type Step = 'begin' | 'recipient' | 'stage' | 'write' | 'end';

async function goTo(step: Step, transaction: MailTransaction, path: ForwardPath): Promise<void> {
  if (step === 'begin') return;
  await transaction.opened;
  await transaction.recipient(path, NO_PARAMS);
  if (step === 'recipient') return;
  const writer = transaction.stage(PREFIX);
  if (step === 'stage') return;
  await writer.write(MESSAGE);
  if (step === 'end') await writer.end();
}

function begin(receiver: MailReceiver): MailTransaction {
  return receiver.begin(mailbox('alice@example.test'), NO_PARAMS, testContext());
}

function send(
  receiver: MailReceiver,
  recipients: readonly ForwardPath[],
  bytes: Buffer,
): Promise<readonly RecipientOutcome[]> {
  return finish(begin(receiver), recipients, bytes);
}

async function finish(
  transaction: MailTransaction,
  recipients: readonly ForwardPath[],
  bytes: Buffer,
): Promise<readonly RecipientOutcome[]> {
  await transaction.opened;
  for (const path of recipients) await transaction.recipient(path, NO_PARAMS);
  return commit(transaction, bytes);
}

async function commit(
  transaction: MailTransaction,
  bytes: Buffer,
): Promise<readonly RecipientOutcome[]> {
  await pour(contentOf(bytes), transaction.stage(PREFIX));
  return transaction.commit();
}

function first(paths: readonly ForwardPath[]): ForwardPath {
  const path = paths[0];
  if (path === undefined) throw new TypeError('the receiver under test names no known recipient');
  return path;
}
