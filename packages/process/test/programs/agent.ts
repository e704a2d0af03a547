/**
 * A program with the real `runAgent`, for the tests to start. What it does is in its
 * configuration: `key = value` lines, of which any other line is a mistake.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ExitError, runAgent } from '@posthouse/process';
import type {
  AgentContext,
  ConfigurationReader,
  LogSettings,
  RunningAgent,
} from '@posthouse/process';

interface Behaviour {
  readonly log: LogSettings;
  readonly start: string;
  readonly stop: string;
  readonly reload: string;
  readonly after: string;
  readonly word: string;
}

const readConfiguration: ConfigurationReader<Behaviour> = (text) => {
  const pairs = new Map<string, string>();
  const problems = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [key, value] = line.split(' = ');
    if (key !== undefined && value !== undefined) pairs.set(key, value);
    else {
      const place = { line: index + 1, column: 2, key: 'x' };
      problems.push({ ...place, text: 'Not a pair', fix: 'Write key = value' });
    }
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  const of = (key: string): string => pairs.get(key) ?? 'well';
  const level = pairs.get('level') === 'debug' ? 'debug' : 'info';
  const format = pairs.get('format') === 'plain' ? 'plain' : 'auto';
  const log = { level, format } as const;
  const [start, stop, reload, after, word] = [
    of('start'),
    of('stop'),
    of('reload'),
    of('after'),
    of('word'),
  ];
  return { kind: 'ok', configuration: { log, start, stop, reload, after, word } };
};

async function start(context: AgentContext<Behaviour>): Promise<RunningAgent<Behaviour>> {
  const { configuration, logger, stopping, values } = context;
  let { word } = configuration;
  if (configuration.start === 'fault') throw new Error('a fault at the start');
  if (configuration.start === 'in use') {
    const error = Object.assign(new Error('listen'), {
      code: 'EADDRINUSE',
      address: '::',
      port: 25,
    });
    throw new Error('the listener', { cause: error });
  }
  if (configuration.start === 'unavailable') throw new ExitError('unavailable', 'Nobody is there');
  if (configuration.start === 'slow') {
    logger.info({ event: 'still-starting' }, 'Still starting');
    await new Promise((_resolve, reject) => stopping.addEventListener('abort', reject));
  }
  if (configuration.after === 'exception') setImmediate(() => void fail());
  if (configuration.after === 'rejection')
    setImmediate(() => void Promise.reject(new Error('lost')));
  if (configuration.after === 'chatter') {
    for (let i = 0; i < 300_000; i++)
      logger.info({ event: 'chatter', i, padding: 'x'.repeat(80) }, 'Chatter');
  }
  return {
    facts: { word, greeting: values['greeting'], path: context.configurationPath },
    async stop() {
      if (configuration.stop === 'fault') throw new Error('a fault at the stop');
      if (configuration.stop === 'never') await delay(1_000_000);
      logger.info({ event: 'agent-stopped', word }, 'The agent has stopped');
    },
    async reload(changed) {
      if (changed.reload === 'fault') throw new Error('a fault at the reload');
      word = changed.word;
      logger.debug({ event: 'agent-reloaded', word }, 'The agent has reloaded');
    },
  };
}

function fail(): never {
  throw new Error('out of nowhere');
}

await runAgent({
  name: 'sample',
  version: '1.2.3',
  usage: 'sample [options]\n\nDoes what its configuration says.',
  options: { greeting: { type: 'string', short: 'g', description: 'a word at the start' } },
  readConfiguration,
  start,
  stopDeadlineMs: 30_000,
});
