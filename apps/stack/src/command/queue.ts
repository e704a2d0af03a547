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
import { readArguments, textValue } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { printLines } from './print-lines.ts';
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
  filtersOf,
  limitOf,
  OPTIONS,
  placeOf,
  selectionsOf,
  USAGE,
} from './queue-usage.ts';

/** What a verb works with. */
interface Task {
  readonly access: QueueAccess;
  readonly given: Arguments;
  /** Behind the verb. */
  readonly words: readonly string[];
}

/** Does it, and answers with the exit code. */
type Verb = (task: Task) => Promise<number>;

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

export const queue: Command = {
  async run(argv) {
    const given = readArguments(argv, USAGE, OPTIONS);
    if (given === undefined) return EXIT.ok;
    const [name = '', ...words] = given.positionals;
    const verb = VERBS.get(name);
    if (verb === undefined) {
      const text = name === '' ? 'Say what to do' : `there is no queue command ${name}`;
      throw new ExitError('usage', `${text}\n\n${USAGE}`);
    }
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const access = await openQueueAccess(configuration);
    try {
      return await verb({ access, given, words });
    } finally {
      await access.close();
    }
  },
};

async function list({ access, given, words }: Task): Promise<number> {
  expectWords(words, 0);
  const entries = access.order('queue.list', { ...filtersOf(given), ...limitOf(given) });
  await print<ListedRecipient>(entries, given, (entry) => listText(entry, Date.now()));
  return EXIT.ok;
}

async function summary({ access, given, words }: Task): Promise<number> {
  expectWords(words, 0);
  const lines = access.order('queue.summary', {});
  let isFirst = true;
  await print<SummarizedDomain>(lines, given, (line) => {
    const head = isFirst ? `${summaryHead(line)}\n` : '';
    isFirst = false;
    return head + summaryText(line, Date.now());
  });
  let isFirstSite = true;
  await print<ShownSite>(slowedSites(access), given, (site) => {
    const head = isFirstSite ? '\nsites that get less than they could\n' : '';
    isFirstSite = false;
    return head + siteText(site, Date.now());
  });
  return EXIT.ok;
}

async function* slowedSites(access: QueueAccess): AsyncGenerator<ShownSite> {
  const all = access.order('queue.sites', {}) as AsyncIterable<ShownSite>; // of our own server
  for await (const site of all) if (isSlowed(site)) yield site;
}

async function sites({ access, given, words }: Task): Promise<number> {
  expectWords(words, 0);
  const lines = access.order('queue.sites', {});
  await print<ShownSite>(lines, given, (line) => siteText(line, Date.now()));
  return EXIT.ok;
}

type ShownPart =
  | { readonly envelope: ShownEnvelope }
  | { readonly recipient: ShownRecipient }
  | { readonly base64: string };

async function show({ access, given, words }: Task): Promise<number> {
  const [id = ''] = expectWords(words, 1);
  expectId(id);
  const content = given.values['content'] === true;
  const parts = access.order('queue.show', { id, content }) as AsyncIterable<ShownPart>; // of our own server
  let isThere = false;
  await printLines(shownLines(parts));
  if (isThere) return EXIT.ok;
  throw new ExitError(
    'data',
    `There is no message ${id} in the queue; "posthouse trace ${id}" tells what became of it`,
  );

  async function* shownLines(from: AsyncIterable<ShownPart>): AsyncGenerator<string | Uint8Array> {
    for await (const part of from) {
      isThere = true;
      if ('base64' in part) yield Buffer.from(part.base64, 'base64');
      else if (content) continue;
      else if (given.values['json'] === true) yield `${JSON.stringify(part)}\n`;
      else if ('envelope' in part) yield `${envelopeText(part.envelope)}\n`;
      else yield `${recipientText(part.recipient, Date.now())}\n`;
    }
  }
}

async function change(verb: string, words: string, task: Task): Promise<number> {
  let changed = 0;
  for (const fields of selectionsOf(task.words, task.given)) {
    const answer = await only<{ readonly changed: number }>(task, `queue.${verb}`, fields);
    changed += answer.changed;
  }
  return tell(task, { changed }, `${countText(changed)} ${words}`);
}

async function remove(task: Task): Promise<number> {
  const notify = task.given.values['notify'] === true;
  let [removed, busy] = [0, 0];
  for (const fields of selectionsOf(task.words, task.given)) {
    const order = { ...fields, notify };
    const answer = await only<{ readonly removed: number; readonly busy: number }>(
      task,
      'queue.remove',
      order,
    );
    removed += answer.removed;
    busy += answer.busy;
  }
  const left = busy === 0 ? '' : `; ${countText(busy)} left, an attempt is under way`;
  tell(task, { removed, busy }, `${countText(removed)} removed${left}`);
  return busy === 0 ? EXIT.ok : EXIT.tempFail;
}

async function exportFolder(task: Task): Promise<number> {
  const [folder = ''] = expectWords(task.words, 1);
  const order = { ...filtersOf(task.given), folder: resolve(folder) };
  const answer = await only<{ readonly messages: number }>(task, 'queue.export', order);
  const hint =
    answer.messages === 0
      ? ''
      : '. They are still queued here: hold them before they go out from elsewhere';
  return tell(task, answer, `${answer.messages} messages written to ${folder}${hint}`);
}

type ImportedLine =
  | { readonly kind: 'present' | 'taken'; readonly line: number; readonly id: string }
  | { readonly kind: 'refused'; readonly line: number; readonly reason: string };

async function importFolder({ access, given, words }: Task): Promise<number> {
  const [folder = ''] = expectWords(words, 1);
  let refused = 0;
  const lines = access.order('queue.import', { folder: resolve(folder) });
  await print<ImportedLine>(lines, given, (one) => {
    if (one.kind !== 'refused')
      return `${one.id} ${one.kind === 'taken' ? 'taken' : 'was here already'}`;
    refused += 1;
    return `line ${one.line} refused: ${one.reason}`;
  });
  return refused === 0 ? EXIT.ok : EXIT.data;
}

async function events({ access, given, words }: Task): Promise<number> {
  expectWords(words, 0);
  const order = placeOf(given);
  if (order['follow'] === true) expectRunning(access);
  const found = access.order('queue.events', order) as AsyncIterable<OrderedEvent>; // of our own server
  await printLines(lines());
  return EXIT.ok;

  async function* lines(): AsyncGenerator<string> {
    for await (const part of found) {
      if ('isCaughtUp' in part) continue;
      if ('isGap' in part)
        process.stderr.write('The log has forgotten events that came behind this cursor\n');
      else if (given.values['json'] === true) {
        yield `${JSON.stringify({ cursor: part.cursor, ...part.event })}\n`;
      } else yield `${escapeControls(part.line)}\n`;
    }
  }
}

/** @throws ExitError `usage` where there are more or fewer */
function expectWords(words: readonly string[], count: number): readonly string[] {
  if (words.length === count) return words;
  throw new ExitError('usage', USAGE);
}

/** Items of our own program, which speaks the same version, as lines. */
async function print<Item>(
  items: AsyncIterable<unknown>,
  given: Arguments,
  text: (item: Item) => string,
): Promise<void> {
  async function* lines(): AsyncGenerator<string> {
    for await (const item of items) {
      const readable = text(item as Item); // made by the verb of this name
      yield `${given.values['json'] === true ? JSON.stringify(item) : readable}\n`;
    }
  }
  await printLines(lines());
}

async function only<Item>({ access }: Task, verb: string, fields: OrderFields): Promise<Item> {
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
