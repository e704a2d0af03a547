/** `posthouse trace`: the life of a message in order, from the event log. */
import { readConfiguration } from '@posthouse/configuration';
import { escapeControls, EXIT, ExitError, loadConfiguration } from '@posthouse/process';
import type { ToldEvent } from '@posthouse/relay';
import { expectRunning, openQueueAccess } from '../control/queue-access.ts';
import { CONFIG_OPTION, onlyWord, readArguments, textValue } from './arguments.ts';
import type { Command } from './command.ts';
import { printLines } from './print-lines.ts';
import { limitOf } from './queue-usage.ts';

const USAGE = `Usage: posthouse trace QUEUE-ID | MESSAGE-ID | ADDRESS [options]

Tells what became of a message: when it was accepted, each attempt with the host, TLS and its
exact words, and how it ended. An address may be the author's or a recipient's. It works
whether the stack or relay runs or not, as far back as queue.event_retention reaches.

  --follow          go on with what happens from now on, until it is stopped (Ctrl-C)
  --limit N         events at most of what is known (10000)
  --json            one JSON object a line
  --config FILE     the configuration of what runs

Exit codes: 0 found; 64 wrong use; 65 nothing is known; 69 no way to the queue, or nothing runs
that could be followed.`;

export const trace: Command = {
  async run(argv) {
    const options = {
      ...CONFIG_OPTION,
      follow: { type: 'boolean' },
      json: { type: 'boolean' },
      limit: { type: 'string' },
    } as const;
    const given = readArguments(argv, USAGE, options);
    if (given === undefined) return EXIT.ok;
    const subject = onlyWord(given.positionals, 'QUEUE-ID, MESSAGE-ID or ADDRESS', USAGE);
    const follow = given.values['follow'] === true;
    const order = { subject, follow, ...limitOf(given) };
    const named = textValue(given, 'config');
    const { configuration } = await loadConfiguration(named, readConfiguration);
    const access = await openQueueAccess(configuration);
    let count = 0;
    try {
      if (follow) expectRunning(access);
      const traced = access.order('queue.trace', order) as AsyncIterable<ToldEvent>; // of our own server
      await printLines(lines(traced));
    } finally {
      await access.close();
    }
    if (count > 0) return EXIT.ok;
    throw new ExitError('data', `Nothing is known of ${subject}`);

    async function* lines(from: AsyncIterable<ToldEvent>): AsyncGenerator<string> {
      for await (const { event, line } of from) {
        count += 1;
        yield `${given?.values['json'] === true ? JSON.stringify(event) : escapeControls(line)}\n`;
      }
    }
  },
};
