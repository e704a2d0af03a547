/**
 * `posthouse queue`: lists what waits, and holds, releases, retries, removes, exports and
 * imports it, over the control socket of what runs or over the store of what does not.
 */
import { resolve } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import { escapeControls, EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import type {
  ListedRecipient,
  OrderedEvent,
  OrderFields,
  ShownEnvelope,
  ShownRecipient,
  ShownSite,
  SummarizedDomain,
} from '@posthouse/relay';
import { expectRunning, openQueueAccess } from '../control/queue-access.ts';
import type { QueueAccess } from '../control/queue-access.ts';
import { expectNoMore, onlyWord, readArguments, textValue, wrongUse } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { printLines, tellEmpty } from './print-lines.ts';
import {
  envelopeText,
  isSlowed,
  listText,
  recipientText,
  siteText,
  summaryHead,
  summaryText,
} from './queue-text.ts';
import {
  expectId,
  expectOptions,
  filtersOf,
  limitOf,
  OPTIONS,
  placeOf,
  selectionsOf,
  USAGE,
} from './queue-usage.ts';

/** What a verb was given. */
interface Task {
  readonly given: Arguments;
  /** Behind the verb. */
  readonly words: readonly string[];
}

/** Reads what it was given, so that wrong use is told before the queue is asked for. @throws ExitError `usage` */
type Verb = (task: Task) => Carrying;

/** Does it, and answers with the exit code. */
type Carrying = (access: QueueAccess) => Promise<number>;

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['list', list],
  ['show', show],
  ['summary', summary],
  ['sites', sites],
  ['hold', (task) => change('hold', 'held', task)],
  ['release', (task) => change('release', 'released', task)],
  ['retry', (task) => change('retry', 'to be attempted now', task)],
  ['remove', remove],
  ['export', exportFolder],
  ['import', importFolder],
  ['events', events],
]);

const EMPTY = 'The queue is empty';

export const queue: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, OPTIONS);
    if (given === undefined) return EXIT.ok;
    const [name = '', ...words] = given.positionals;
    const verb = VERBS.get(name);
    if (verb === undefined) {
      const text = name === '' ? 'Say what to do' : `There is no queue command ${name}`;
      throw wrongUse(`${text}: write ${[...VERBS.keys()].join(', ')}`, USAGE);
    }
    expectOptions(name, given);
    const carryOut = verb({ given, words });
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const access = await openQueueAccess(configuration);
    try {
      return await carryOut(access);
    } finally {
      await access.close();
    }
  },
};

function list({ given, words }: Task): Carrying {
  expectNoMore(words, USAGE);
  const filters = filtersOf(given);
  const order = { ...filters, ...limitOf(given) };
  const nothing = Object.keys(filters).length === 0 ? EMPTY : 'Nothing that waits is like that';
  return async (access) => {
    const entries = access.order('queue.list', order);
    const text = (entry: ListedRecipient): string => listText(entry, Date.now());
    if ((await print(entries, given, text)) === 0) tellEmpty(given, nothing);
    return EXIT.ok;
  };
}

function summary({ given, words }: Task): Carrying {
  expectNoMore(words, USAGE);
  return async (access) => {
    const lines = access.order('queue.summary', {});
    let isFirst = true;
    const count = await print<SummarizedDomain>(lines, given, (line) => {
      const head = isFirst ? `${summaryHead(line)}\n` : '';
      isFirst = false;
      return head + summaryText(line, Date.now());
    });
    if (count === 0) tellEmpty(given, EMPTY);
    let isFirstSite = true;
    await print<ShownSite>(slowedSites(access), given, (site) => {
      const head = isFirstSite ? '\nsites that get less than they could\n' : '';
      isFirstSite = false;
      return head + siteText(site, Date.now());
    });
    return EXIT.ok;
  };
}

async function* slowedSites(access: QueueAccess): AsyncGenerator<ShownSite> {
  const all = access.order('queue.sites', {}) as AsyncIterable<ShownSite>; // of our own server
  for await (const site of all) if (isSlowed(site)) yield site;
}

function sites({ given, words }: Task): Carrying {
  expectNoMore(words, USAGE);
  return async (access) => {
    const lines = access.order('queue.sites', {});
    const count = await print<ShownSite>(lines, given, (line) => siteText(line, Date.now()));
    if (count === 0) tellEmpty(given, 'Nothing goes out, and nothing is remembered of any site');
    return EXIT.ok;
  };
}

type ShownFact = { readonly envelope: ShownEnvelope } | { readonly recipient: ShownRecipient };
type ShownPart = ShownFact | { readonly base64: string };

function show({ given, words }: Task): Carrying {
  const id = onlyWord(words, 'ID', USAGE);
  expectId(id);
  const content = given.values['content'] === true;
  if (content && given.values['json'] === true) {
    throw wrongUse('--content is the message as it is: leave it or --json out', USAGE);
  }
  return async (access) => {
    const parts = access.order('queue.show', { id, content }) as AsyncIterable<ShownPart>; // of our own server
    const asText = given.values['json'] === true ? jsonText : partText;
    let count = 0;
    await printLines(shownLines());
    if (count > 0) return EXIT.ok;
    const text = `There is no message ${id} in the queue; "posthouse trace ${id}" tells what became of it`;
    throw new ExitError('data', text);

    async function* shownLines(): AsyncGenerator<string | Uint8Array> {
      for await (const part of parts) {
        count += 1;
        if ('base64' in part) yield Buffer.from(part.base64, 'base64');
        else if (!content) yield `${asText(part)}\n`;
      }
    }
  };
}

function jsonText(part: ShownFact): string {
  return JSON.stringify(part);
}

function partText(part: ShownFact): string {
  return 'envelope' in part
    ? envelopeText(part.envelope)
    : recipientText(part.recipient, Date.now());
}

function change(verb: string, words: string, task: Task): Carrying {
  const selections = selectionsOf(task.words, task.given);
  return async (access) => {
    let changed = 0;
    for (const fields of selections) {
      const answer = await only<{ readonly changed: number }>(access, `queue.${verb}`, fields);
      changed += answer.changed;
    }
    return tell(task, { changed }, `${countText(changed)} ${words}`);
  };
}

function remove(task: Task): Carrying {
  const notify = task.given.values['notify'] === true;
  const selections = selectionsOf(task.words, task.given);
  return async (access) => {
    let [removed, busy] = [0, 0];
    for (const fields of selections) {
      const answer = await only<{ readonly removed: number; readonly busy: number }>(
        access,
        'queue.remove',
        { ...fields, notify },
      );
      removed += answer.removed;
      busy += answer.busy;
    }
    const left = busy === 0 ? '' : `; ${countText(busy)} left, an attempt is under way`;
    tell(task, { removed, busy }, `${countText(removed)} removed${left}`);
    return busy === 0 ? EXIT.ok : EXIT.tempFail;
  };
}

function exportFolder(task: Task): Carrying {
  const folder = onlyWord(task.words, 'FOLDER', USAGE);
  const order = { ...filtersOf(task.given), folder: resolve(folder) };
  return async (access) => {
    const answer = await only<{ readonly messages: number }>(access, 'queue.export', order);
    const hint =
      answer.messages === 0
        ? ''
        : '. They are still queued here: hold them before they go out from elsewhere';
    return tell(task, answer, `${answer.messages} messages written to ${folder}${hint}`);
  };
}

type ImportedLine =
  | { readonly kind: 'present' | 'taken'; readonly line: number; readonly id: string }
  | { readonly kind: 'refused'; readonly line: number; readonly reason: string };

function importFolder({ given, words }: Task): Carrying {
  const folder = onlyWord(words, 'FOLDER', USAGE);
  return async (access) => {
    let refused = 0;
    const lines = access.order('queue.import', { folder: resolve(folder) });
    const count = await print<ImportedLine>(lines, given, (one) => {
      if (one.kind !== 'refused')
        return `${one.id} ${one.kind === 'taken' ? 'taken' : 'was here already'}`;
      refused += 1;
      return `line ${one.line} refused: ${one.reason}`;
    });
    if (count === 0) tellEmpty(given, `There is no message in ${folder}`);
    return refused === 0 ? EXIT.ok : EXIT.data;
  };
}

function events({ given, words }: Task): Carrying {
  expectNoMore(words, USAGE);
  const order = placeOf(given);
  return async (access) => {
    if (order['follow'] === true) expectRunning(access);
    const found = access.order('queue.events', order) as AsyncIterable<OrderedEvent>; // of our own server
    let count = 0;
    await printLines(lines());
    const since = order['after'] === undefined ? 'yet' : 'since';
    if (count === 0) tellEmpty(given, `Nothing has happened ${since}`);
    return EXIT.ok;

    async function* lines(): AsyncGenerator<string> {
      for await (const part of found) {
        if ('isCaughtUp' in part) continue;
        if ('isGap' in part) {
          process.stderr.write('The log has forgotten events that came behind this cursor\n');
          continue;
        }
        count += 1;
        if (given.values['json'] === true) {
          yield `${JSON.stringify({ cursor: part.cursor, ...part.event })}\n`;
        } else yield `${escapeControls(part.line)}\n`;
      }
    }
  };
}

/** Items of our own program, which speaks the same version, as lines. @returns how many */
async function print<Item>(
  items: AsyncIterable<unknown>,
  given: Arguments,
  text: (item: Item) => string,
): Promise<number> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const item of items) {
      count += 1;
      const readable = text(item as Item); // made by the verb of this name
      yield `${given.values['json'] === true ? JSON.stringify(item) : readable}\n`;
    }
  }
  await printLines(lines());
  return count;
}

async function only<Item>(access: QueueAccess, verb: string, fields: OrderFields): Promise<Item> {
  for await (const item of access.order(verb, fields)) return item as Item; // made by the verb of this name
  throw new ExitError('software', `${verb} gave no answer`);
}

function tell({ given }: Task, answer: object, text: string): number {
  process.stdout.write(`${given.values['json'] === true ? JSON.stringify(answer) : text}\n`);
  return EXIT.ok;
}

function countText(count: number): string {
  return `${count} ${count === 1 ? 'recipient' : 'recipients'}`;
}
