/**
 * Numbers that must not be counted at every start: they are one row, written by every
 * transaction. A rollback takes back what was not committed.
 */
import type { DatabaseSync } from 'node:sqlite';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';

interface Values {
  /** Transactions that wrote anything: tells whether one whose commit failed is there after all. */
  commits: number;
  lastMessage: number;
  lastCursor: number;
  /** The last cursor that was forgotten. */
  forgottenCursor: number;
  messages: number;
  recipients: number;
  contentBytes: number;
  /** How many claims have granted anything. */
  claims: number;
  /** The latest time that a claim or an event has named. */
  latestAt: number;
}

export class Counters {
  readonly now: Values;
  #committed: Readonly<Values>;
  readonly #update: Statement<never>;

  constructor(database: DatabaseSync) {
    const row = prepare<Values>(
      database,
      `SELECT commits, last_message AS lastMessage, last_cursor AS lastCursor,
         forgotten_cursor AS forgottenCursor, messages, recipients,
         content_bytes AS contentBytes, claims, latest_at AS latestAt FROM counter`,
    ).get();
    if (row === undefined) throw new Error('the database has no counters');
    this.now = { ...row };
    this.#committed = { ...row };
    this.#update = prepare(
      database,
      `UPDATE counter SET commits = ?, last_message = ?, last_cursor = ?, forgotten_cursor = ?, messages = ?,
         recipients = ?, content_bytes = ?, claims = ?, latest_at = ?`,
    );
  }

  /** Writes them, as the last thing within a transaction that has written something else. */
  write(): void {
    const { now } = this;
    now.commits += 1;
    this.#update.run(
      now.commits,
      now.lastMessage,
      now.lastCursor,
      now.forgottenCursor,
      now.messages,
      now.recipients,
      now.contentBytes,
      now.claims,
      now.latestAt,
    );
  }

  committed(): void {
    this.#committed = { ...this.now };
  }

  rolledBack(): void {
    Object.assign(this.now, this.#committed);
  }
}
