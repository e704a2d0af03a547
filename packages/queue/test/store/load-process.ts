/**
 * A process that puts a load on a SQLite store and says on its output what it was promised:
 * one line before each call and one after, written at once. Made to be killed.
 *
 * `ready PID`, `accepting ID`, `accepted ID`, `concluding ID`, `concluded ID`, and `refused ID KIND`.
 * Usage: node load-process.ts DIRECTORY CALLERS
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { newTransactionId, silentLogger } from '@posthouse/mail';
import { createSqliteStore, StoreError } from '@posthouse/queue';
import type { RecipientRecord, Store } from '@posthouse/queue';
import {
  claim,
  done,
  sampleEvent,
  sampleMessage,
  stageBytes,
} from '../../src/testing/sample-messages.ts';

/** Every so many messages one is large. */
const LARGE_EVERY = 10;

const [directory, callers] = process.argv.slice(2);
if (directory === undefined) throw new TypeError('which directory?');
const store = createSqliteStore({ directory }, { logger: silentLogger });
await store.start();
say(`ready ${process.pid}`);
await Promise.all([...Array.from({ length: Number(callers) }, () => bring(store)), take(store)]);

/** The pipe takes a line whole, as soon as there is room for it, or the process is gone. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      const isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!isFull) throw error; // else whoever reads is slower than we are
    }
  }
}

/** Accepts, for ever. */
async function bring(into: Store): Promise<never> {
  for (let count = 0; ; count += 1) {
    const id = newTransactionId(Date.now());
    try {
      const size = count % LARGE_EVERY === 0 ? 150_000 : 2000;
      const content = await stageBytes(into, randomBytes(size));
      say(`accepting ${id}`);
      await into.accept([sampleMessage({ id, content, recipients: [`bob@${count % 7}.a.test`] })]);
      say(`accepted ${id}`);
    } catch (error) {
      say(`refused ${id} ${error instanceof StoreError ? error.kind : String(error)}`);
    }
  }
}

/** Takes out half of what there is, for ever. */
async function take(from: Store): Promise<never> {
  for (;;) {
    const due = await claim(from, { limit: 20 }).catch(() => []);
    await Promise.all(due.filter((_, n) => n % 2 === 0).map((one) => conclude(from, one)));
    await new Promise(setImmediate);
  }
}

async function conclude(from: Store, recipient: RecipientRecord): Promise<void> {
  const id = recipient.message;
  say(`concluding ${id}`);
  const events = [sampleEvent(recipient, 'delivered')];
  try {
    await from.conclude([{ changes: [done(recipient)], events, messages: [] }]);
    say(`concluded ${id}`);
  } catch (error) {
    say(`refused ${id} ${error instanceof StoreError ? error.kind : String(error)}`);
  }
}
