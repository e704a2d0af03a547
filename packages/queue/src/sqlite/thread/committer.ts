/**
 * Committer: the one connection that writes, on the commit thread.
 *
 * A turn is one transaction for all calls that have come: each is done whole, in order, and
 * none is answered before the commit is on the disk. If its sync fails the connection is
 * opened anew, and its counters tell whether the transaction is there after all. If it is
 * not, a commit of nothing is written over what it has left in the log, so that no crash
 * can bring it back; only if that fails too the calls are `in-doubt`.
 */
import type { DatabaseSync } from 'node:sqlite';
import { createAccept } from './accepting.ts';
import { createClaim } from './claiming.ts';
import { createConclude } from './concluding.ts';
import { openForWriting } from './database.ts';
import { faultOf, isOwnFault, isSyncFault } from './faults.ts';
import { createLease } from './grants.ts';
import { createForget, createForgetKeys } from './forgetting.ts';
import { createBegin, createRecover, createRenew } from './leasing.ts';
import { createIntervene, createNote, createPutAside, createRest } from './operating.ts';
import type { Aftermath, CommitVerbs, Fault } from '../protocol.ts';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';
import { Tables } from './tables.ts';
import type { Answer, Answers, Call } from './thread-server.ts';

interface Connection {
  readonly database: DatabaseSync;
  readonly tables: Tables;
  readonly verbs: Omit<CommitVerbs, 'salvage'>;
  readonly changes: Statement<{ readonly count: number }>;
}

export class Committer {
  readonly #path: string;
  readonly #synced: boolean;
  #connection: Connection | undefined;

  /** Opens the database. @throws StoreFault, SQLite's errors */
  constructor(path: string, synced: boolean) {
    this.#path = path;
    this.#synced = synced;
    this.#connection = connect(path, synced);
  }

  get usage(): Aftermath['usage'] {
    const now = this.#connection?.tables.counters.now;
    return {
      messages: now?.messages ?? 0,
      recipients: now?.recipients ?? 0,
      contentBytes: now?.contentBytes ?? 0,
    };
  }

  turn(calls: readonly Call[]): Answers {
    try {
      this.#connection ??= connect(this.#path, this.#synced);
    } catch (error) {
      return { answers: refuseAll(calls, faultOf(error)) };
    }
    return this.#transact(this.#connection, calls);
  }

  close(): void {
    this.#connection?.database.close();
    this.#connection = undefined;
  }

  #transact(connection: Connection, calls: readonly Call[]): Answers {
    const { database, tables } = connection;
    let values: readonly unknown[];
    let wrote: boolean;
    try {
      const before = connection.changes.get()?.count;
      database.exec('BEGIN IMMEDIATE');
      values = calls.map((call) => dispatch(connection.verbs, call));
      tables.turns.settle();
      wrote = connection.changes.get()?.count !== before;
      if (wrote) tables.counters.write();
    } catch (error) {
      return this.#undo(connection, calls, error);
    }
    const aftermath = takeAftermath(tables);
    try {
      database.exec('COMMIT');
    } catch (error) {
      const found = this.#findOut(connection, error);
      if (found !== 'committed') return { answers: refuseAll(calls, found) };
    }
    this.#connection?.tables.counters.committed();
    const answers = calls.map((call, n): Answer => {
      return { number: call.number, kind: 'value', value: values[n] };
    });
    return { answers, aftermath: { usage: this.usage, ...aftermath } };
  }

  /** A call failed before the commit. Where it was the call's own fault, the others get another chance. */
  #undo(connection: Connection, calls: readonly Call[], error: unknown): Answers {
    const fault = faultOf(error);
    rollBack(connection);
    if (!isOwnFault(error)) {
      if (fault.kind === 'unavailable') this.#reconnect(connection);
      return { answers: refuseAll(calls, fault) };
    }
    if (calls.length === 1) return { answers: refuseAll(calls, fault) };
    const apart = calls.map((call) => this.turn([call]));
    const aftermaths = apart.flatMap(({ aftermath }) => (aftermath ? [aftermath] : []));
    return {
      answers: apart.flatMap(({ answers }) => answers),
      aftermath: {
        usage: this.usage,
        orphans: aftermaths.flatMap(({ orphans }) => orphans),
        due: aftermaths.some(({ due }) => due),
        events: aftermaths.some(({ events }) => events),
      },
    };
  }

  /** What became of a transaction whose commit has failed. */
  #findOut(connection: Connection, error: unknown): 'committed' | Fault {
    const fault = faultOf(error);
    const { commits } = connection.tables.counters.now;
    rollBack(connection);
    if (fault.kind === 'full') return fault;
    const anew = this.#reconnect(connection);
    // What could not be written whole is no transaction to anybody who reads the log.
    if (!isSyncFault(error)) return fault;
    const inDoubt: Fault = { kind: 'in-doubt', text: fault.text };
    if (anew === undefined) return inDoubt;
    try {
      if (anew.tables.counters.now.commits === commits) {
        // It is there, but its sync has failed: what the log has goes to the database, synced.
        anew.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        return 'committed';
      }
      anew.database.exec('BEGIN IMMEDIATE');
      anew.tables.counters.write();
      anew.database.exec('COMMIT');
      anew.tables.counters.committed();
      return fault;
    } catch {
      rollBack(anew);
      return inDoubt;
    }
  }

  #reconnect(old: Connection): Connection | undefined {
    try {
      this.#connection = undefined;
      old.database.close();
      this.#connection = connect(this.#path, this.#synced);
    } catch {
      // The next turn tries again.
    }
    return this.#connection;
  }
}

function connect(path: string, synced: boolean): Connection {
  const database = openForWriting(path, synced);
  const tables = new Tables(database);
  const { accept, log } = createAccept(database, tables);
  return {
    database,
    tables,
    changes: prepare(database, 'SELECT total_changes() AS count'),
    verbs: {
      accept,
      log,
      claim: createClaim(database, tables),
      lease: createLease(tables),
      begin: createBegin(tables),
      renew: createRenew(tables),
      recover: createRecover(database, tables),
      conclude: createConclude(tables, accept),
      rest: createRest(database, tables),
      note: createNote(database),
      intervene: createIntervene(database, tables),
      forget: createForget(database, tables),
      forgetKeys: createForgetKeys(database),
      putAside: createPutAside(database, tables),
    },
  };
}

function dispatch(verbs: Connection['verbs'], call: Call): unknown {
  const verb = verbs[call.verb as keyof Connection['verbs']] as (argument: unknown) => unknown; // boundary: the link's types pair verb and argument
  return verb(call.argument);
}

function refuseAll(calls: readonly Call[], fault: Fault): readonly Answer[] {
  return calls.map(({ number }) => ({ number, kind: 'fault', fault }));
}

function takeAftermath(tables: Tables): Omit<Aftermath, 'usage'> {
  const { due, events } = tables.told;
  const orphans = tables.orphans.splice(0);
  tables.told.due = false;
  tables.told.events = false;
  return { orphans, due, events };
}

function rollBack({ database, tables }: Connection): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
  } catch {
    // It has rolled back by itself, or the connection is lost: a new one will tell.
  }
  takeAftermath(tables);
  tables.counters.rolledBack();
  tables.tracks.forget();
  tables.turns.forget();
}
