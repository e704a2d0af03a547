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
  /** How many claims have granted anything, and the time of the last of them. */
  claims: number;
  lastClaimAt: number;
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
         content_bytes AS contentBytes, claims, last_claim_at AS lastClaimAt FROM counter`,
    ).get();
    if (row === undefined) throw new Error('the database has no counters');
    this.now = { ...row };
    this.#committed = { ...row };
    this.#update = prepare(
      database,
      `UPDATE counter SET commits = ?, last_message = ?, last_cursor = ?, forgotten_cursor = ?, messages = ?,
         recipients = ?, content_bytes = ?, claims = ?, last_claim_at = ?`,
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
      now.lastClaimAt,
    );
  }

  committed(): void {
    this.#committed = { ...this.now };
  }

  rolledBack(): void {
    Object.assign(this.now, this.#committed);
  }
}
