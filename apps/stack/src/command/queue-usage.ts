/** The command line of `posthouse queue`: help, options, and the filters as fields of an order. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { parseDuration } from '@posthouse/configuration';
import { ExitError } from '@posthouse/process';
import { readSelection, SELECTION_FIELDS } from '@posthouse/relay/selection';
import type { OrderFields } from '@posthouse/relay/selection';
import { CONFIG_OPTION, textValue, wrongUse } from './arguments.ts';
import type { Arguments } from './arguments.ts';

export const USAGE = `Usage: posthouse queue COMMAND [options]

Looks after the queue of a stack or relay, whether it runs or not.

  list [FILTERS] [--limit N]            what waits, why, and when it is tried next
  show ID [--content]                   one message with its recipients, or its content
  summary                               how much waits, by domain and age, and why; slowed sites
  sites                                 where mail goes: rates, rests, and what was learnt of each
  hold   ID... | FILTERS | --all        attempt no more until released
  release ID... | FILTERS | --all       attempt again
  retry  ID... | FILTERS | --all        attempt now
  remove ID... | FILTERS | --all [--notify]
                                        take out for good; --notify tells the author
  export FOLDER [FILTERS]               write messages.ndjson and .eml files into an empty folder
  import FOLDER                         take in what was exported
  events [--after CURSOR] [--follow]    what happened, oldest first; --json has each one's cursor

Filters, joined by "and":
  --state STATE         held; queued; or active: queued, and an attempt is under way now
  --domain DOMAIN       --recipient ADDRESS
  --sender ADDRESS      '<>' for the null path
  --older 2h            or 90s, 10m, 1d12h

  --json            one JSON object a line
  --config FILE     the configuration of what runs

Exit codes: 0 done; 64 wrong use; 65 no such message, or a file that was refused; 66 no queue
or folder there; 69 no way to the queue; 73 the disk is full or read-only; 74 the disk fails;
75 an attempt was under way, give the command again; 77 not permitted; 78 wrong configuration.`;

export const OPTIONS: ParseArgsOptionsConfig = {
  ...CONFIG_OPTION,
  state: { type: 'string' },
  domain: { type: 'string' },
  sender: { type: 'string' },
  recipient: { type: 'string' },
  older: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  follow: { type: 'boolean' },
  all: { type: 'boolean' },
  notify: { type: 'boolean' },
  content: { type: 'boolean' },
  json: { type: 'boolean' },
};

const FILTERS: readonly string[] = [...SELECTION_FIELDS, 'older'];

/** The options of each command beside --json and --config. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  list: [...FILTERS, 'limit'],
  show: ['content'],
  summary: [],
  sites: [],
  hold: [...FILTERS, 'all'],
  release: [...FILTERS, 'all'],
  retry: [...FILTERS, 'all'],
  remove: [...FILTERS, 'all', 'notify'],
  export: FILTERS,
  import: [],
  events: ['after', 'follow'],
};

/** @throws ExitError `usage` for an option that has no effect with this command */
export function expectOptions(verb: string, given: Arguments): void {
  const always = Object.keys(CONFIG_OPTION).concat('json');
  const idle = Object.keys(given.values).find(
    (name) => !always.includes(name) && TAKES[verb]?.includes(name) !== true,
  );
  if (idle === undefined) return;
  const others = Object.keys(TAKES).filter((other) => TAKES[other]?.includes(idle) === true);
  const text = `queue ${verb} does not take --${idle}: leave it out (it goes with ${others.join(', ')})`;
  throw wrongUse(text, USAGE);
}

/** The filters that were given. @throws ExitError `usage` */
export function filtersOf(given: Arguments): OrderFields {
  const fields: Record<string, unknown> = {};
  for (const name of SELECTION_FIELDS) {
    const value = textValue(given, name);
    if (value !== undefined) fields[name] = value;
  }
  const older = textValue(given, 'older');
  if (older === undefined) return checked(fields);
  const olderMs = parseDuration(older);
  if (olderMs === undefined) {
    throw new ExitError('usage', `--older ${older}: write a duration as 90s, 10m, 2h or 1d12h`);
  }
  return checked({ ...fields, olderMs });
}

function checked(fields: OrderFields): OrderFields {
  try {
    readSelection(fields, Date.now());
    return fields;
  } catch (error) {
    if (error instanceof TypeError) throw new ExitError('usage', error.message, error);
    throw error;
  }
}

/** @throws ExitError `usage` for what is no queue id */
export function expectId(id: string): void {
  checked({ id });
}

/** Where the log is to be read from. @throws ExitError `usage` */
export function placeOf(given: Arguments): OrderFields {
  const after = textValue(given, 'after');
  if (after !== undefined && !/^\d{1,15}$/.test(after)) {
    throw new ExitError(
      'usage',
      `--after ${after}: a cursor is a number, as "queue events --json" gives it with each event`,
    );
  }
  return { ...(after !== undefined && { after }), follow: given.values['follow'] === true };
}

/** A count that was given. @throws ExitError `usage` */
export function limitOf(given: Arguments): OrderFields {
  const text = textValue(given, 'limit');
  if (text === undefined) return {};
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new ExitError('usage', `--limit ${text}: write a number above 0`);
  }
  return { limit: Number(text) };
}

/** What a verb that changes something is to change: each id by itself, or all that fit. @throws ExitError `usage` */
export function selectionsOf(ids: readonly string[], given: Arguments): readonly OrderFields[] {
  const filters = filtersOf(given);
  const isFiltered = Object.keys(filters).length > 0;
  const isAll = given.values['all'] === true;
  if (isAll && (isFiltered || ids.length > 0)) {
    throw new ExitError('usage', '--all goes with no id and no filter');
  }
  if (ids.length > 0) return ids.map((id) => checked({ ...filters, id }));
  if (isFiltered || isAll) return [filters];
  throw wrongUse('Say which: ids, filters, or --all', USAGE);
}
