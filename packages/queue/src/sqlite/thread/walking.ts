/**
 * The read thread's walk over recipients, in the order of message id and index, stretch by
 * stretch: each stretch looks at so many recipients and no more, whatever it finds, so that
 * who waits behind it never waits long.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { AGE_BOUNDS_MS } from '../../rules/age.ts';
import type { Selection } from '../../store.ts';
import type { FoundRow, KeyRow, ReadVerbs, SummaryRow } from '../protocol.ts';
import { prepare } from './statement.ts';
import type { Statement } from './statement.ts';
import { MESSAGE_COLUMNS, RECIPIENT_COLUMNS, recipientRow } from './tables.ts';
import type { StoredRecipient } from './tables.ts';
import { NEVER } from './turns.ts';

type Found = StoredRecipient &
  FoundRow['message'] & { readonly lane: string; readonly site: string };
type End = { readonly id: string; readonly idx: number };

/** How selections become SQL. */
const CONDITIONS: Readonly<Record<keyof Selection, string>> = {
  message: 's.id = ?',
  index: 's.idx = ?',
  state: 's.held = ?',
  domain: 's.domain = ?',
  reversePath: 's.reverse_path = ?',
  recipient: 's.address = ?',
  acceptedBefore: 's.accepted_at < ?',
  leasedAt: 's.lease_until > ?',
};

/** `?1` and `?2` are the key to begin behind, `?3` is how many to look at. */
function stretchSql(ofOneMessage: boolean): string {
  const part = (where: string): string =>
    `SELECT * FROM (
       SELECT m.seq, m.id, m.reverse_path, m.accepted_at, r.idx, r.held, r.domain, r.address, r.ready_at, r.lease_until
       FROM message m CROSS JOIN recipient r ON r.message = m.seq
       WHERE ${where} ORDER BY m.id, r.idx LIMIT ?3)`;
  const within = part('m.id = ?1 AND r.idx > ?2');
  // The message that a page ended in may have half a million recipients: they are not passed over one by one.
  return ofOneMessage ? within : `${within} UNION ALL ${part('m.id > ?1')} LIMIT ?3`;
}

export function createWalk(database: DatabaseSync): ReadVerbs['walk'] {
  const walks = new Map<string, Statement<Found>>();
  const ends = [false, true].map((ofOneMessage) =>
    prepare<End>(
      database,
      `SELECT id, idx FROM (${stretchSql(ofOneMessage)}) LIMIT 1 OFFSET ?3 - 1`,
    ),
  );

  /** There are no more statements than kinds of selections. */
  function statementFor(selection: Selection): Statement<Found> {
    const conditions = conditionsOf(selection).map(([condition]) => condition);
    const sql = `SELECT ${MESSAGE_COLUMNS}, ${RECIPIENT_COLUMNS}, t.lane, t.site
      FROM (SELECT * FROM (${stretchSql(selection.message !== undefined)}) s
            WHERE ${['TRUE', ...conditions].join(' AND ')} LIMIT ?) f
      CROSS JOIN message m ON m.seq = f.seq
      CROSS JOIN recipient r ON r.message = f.seq AND r.idx = f.idx
      CROSS JOIN track t ON t.id = r.track`;
    const known = walks.get(sql);
    if (known !== undefined) return known;
    const statement = prepare<Found>(database, sql);
    walks.set(sql, statement);
    return statement;
  }

  return ({ selection, after, scan, limit }) => {
    const place = placeOf(selection, after);
    if (place === undefined) return { rows: [] };
    const values = conditionsOf(selection).map(([, value]) => value);
    const found = statementFor(selection).all(...place, scan, ...values, limit);
    const rows = found.map(foundRow);
    const last = found.at(-1);
    const end =
      last !== undefined && rows.length === limit
        ? last
        : ends[selection.message === undefined ? 0 : 1]?.get(...place, scan);
    return end === undefined ? { rows } : { rows, end: { message: end.id, index: end.idx } };
  };
}

type SummaryColumns = Omit<SummaryRow, 'younger'> & Readonly<Record<string, number>>;

export function createSummarize(database: DatabaseSync): ReadVerbs['summarize'] {
  const younger = AGE_BOUNDS_MS.map(
    (bound, n) => `SUM(accepted_at > ?4 - ${bound}) AS younger${n}`,
  );
  const lines = prepare<SummaryColumns>(
    database,
    `SELECT s.domain, COUNT(*) AS recipients, SUM(s.held) AS held,
       MIN(accepted_at) AS oldestAcceptedAt, ${younger.join(', ')},
       NULLIF(MIN(s.ready_at), ${NEVER}) AS nextDueAt, MAX(x.until) AS restUntil,
       MIN(CASE WHEN r.last LIKE '%"lastReason"%'
         THEN printf('%016d', accepted_at) || r.last END) AS oldestLast
     FROM (${stretchSql(false)}) s
     CROSS JOIN recipient r ON r.message = s.seq AND r.idx = s.idx
     CROSS JOIN track t ON t.id = r.track
     LEFT JOIN lane_rest x ON x.lane = t.lane GROUP BY s.domain`,
  );
  const ends = prepare<End>(
    database,
    `SELECT id, idx FROM (${stretchSql(false)}) LIMIT 1 OFFSET ?3 - 1`,
  );
  return ({ after, scan, now }) => {
    const place = placeOf({}, after) ?? [];
    const rows = lines.all(...place, scan, now).map(summaryRow);
    const end = ends.get(...place, scan);
    return end === undefined ? { rows } : { rows, end: { message: end.id, index: end.idx } };
  };
}

function summaryRow(columns: SummaryColumns): SummaryRow {
  const { domain, recipients, held, oldestAcceptedAt, nextDueAt, restUntil, oldestLast } = columns;
  const younger = AGE_BOUNDS_MS.map((_, n) => columns[`younger${n}`] ?? 0);
  return { domain, recipients, held, oldestAcceptedAt, younger, nextDueAt, restUntil, oldestLast };
}

/** The key to begin behind; `undefined` where the walk is over before it begins. */
function placeOf(
  { message }: Selection,
  after: KeyRow | null,
): readonly [string, number] | undefined {
  if (message === undefined) return after === null ? ['', -1] : [after.message, after.index];
  if (after === null || after.message < message) return [message, -1];
  return after.message === message ? [message, after.index] : undefined;
}

function conditionsOf(selection: Selection): readonly (readonly [string, SQLInputValue])[] {
  const values: Readonly<Record<keyof Selection, SQLInputValue | undefined>> = {
    message: selection.message,
    index: selection.index,
    state: selection.state === undefined ? undefined : Number(selection.state === 'held'),
    domain: selection.domain?.toLowerCase(),
    reversePath: selection.reversePath?.toLowerCase(),
    recipient: selection.recipient?.toLowerCase(),
    acceptedBefore: selection.acceptedBefore,
    leasedAt: selection.leasedAt,
  };
  return Object.entries(CONDITIONS).flatMap(([name, condition]) => {
    const value = values[name as keyof Selection]; // boundary: a key of CONDITIONS
    return value === undefined ? [] : [[condition, value] as const];
  });
}

function foundRow(found: Found): FoundRow {
  const { id, rank, acceptedAt, sizeBytes, digest, reversePath, head } = found;
  return {
    message: { id, rank, acceptedAt, sizeBytes, digest, reversePath, head },
    recipient: recipientRow(found, found),
  };
}
