/**
 * From `main` to the exit code: command line, configuration, log, signals, reload, stop.
 *
 * The process ends when the agent has stopped (0), was wrongly called (64), cannot be
 * configured (78), did not start, or met a fault that nobody caught (70): that is logged,
 * the agent is stopped in good manners as far as it still can, and a supervisor starts it
 * again. A configuration with mistakes at a reload is logged, and the old one stays.
 * Nothing of the log is lost at the end, unless nobody reads it.
 */
import type { AgentConfiguration, AgentContext, AgentProgram, RunningAgent } from './agent.ts';
import { helpText, readCommandLine } from './command-line.ts';
import type { CommandLine, RunLine } from './command-line.ts';
import { loadConfiguration } from './configuration-file.ts';
import type { LoadedConfiguration } from './configuration-file.ts';
import { createEnding } from './ending.ts';
import type { Ending } from './ending.ts';
import { EXIT } from './exit-code.ts';
import type { ProcessLogger } from './logger.ts';
import { createReloader } from './reload.ts';
import { listenToSignals } from './signals.ts';
import { explainStartFailure } from './start-failure.ts';

const STOP_DEADLINE_MS = 60_000;
/** As long as a timer can be: a process with an agent must not end for want of handles. */
const KEEP_ALIVE_MS = 2_147_483_647;

/**
 * Runs an agent until the process ends; never resolves.
 *
 * @example
 * await runAgent({ name: 'relay', version, usage, readConfiguration, start: startRelay });
 */
export async function runAgent<C extends AgentConfiguration>(
  program: AgentProgram<C>,
): Promise<never> {
  const line = readCommandLine(program.argv ?? process.argv.slice(2), program.options);
  if (line.kind !== 'run') return answer(program, line);
  let loaded: LoadedConfiguration<C>;
  try {
    loaded = await loadConfiguration(line.config, program.readConfiguration);
  } catch (error) {
    const { text, exit } = explainStartFailure(error);
    return say(process.stderr, text, EXIT[exit]);
  }
  if (line.checkOnly) {
    return say(process.stdout, `${loaded.path ?? 'The default configuration'} is right`, EXIT.ok);
  }
  return supervise(program, loaded, line);
}

async function supervise<C extends AgentConfiguration>(
  program: AgentProgram<C>,
  loaded: LoadedConfiguration<C>,
  line: RunLine,
): Promise<never> {
  setInterval(() => undefined, KEEP_ALIVE_MS);
  const { createProcessLogger } = await import('./logger.ts'); // commands need none, and pino is large
  const logger = createProcessLogger(program.name, loaded.configuration.log);
  const { configuration } = loaded;
  const reloader = createReloader({ named: line.config, configuration }, program, logger);
  const starting = Promise.withResolvers<RunningAgent<C> | undefined>();
  const stopAgent = async (): Promise<void> => (await starting.promise)?.stop();
  const deadlineMs = program.stopDeadlineMs ?? STOP_DEADLINE_MS;
  const ending = createEnding({ deadlineMs, stopAgent }, logger);

  listenToFaults(ending, logger);
  listenToSignals({
    stop(reason) {
      logger.info({ event: 'stopping', reason }, `Stopping ${program.name}`);
      ending.begin(EXIT.ok);
    },
    stopNow(exitCode) {
      logger.warn({ event: 'stopped-at-once' }, 'Stopping at once, as asked for twice');
      void ending.now(exitCode);
    },
    reload: () => void reloader.reload(),
  });

  const context: AgentContext<C> = {
    configuration: loaded.configuration,
    ...(loaded.path === undefined ? {} : { configurationPath: loaded.path }),
    values: line.values,
    logger,
    stopping: ending.begun,
    reload: () => reloader.reload(),
  };
  void startAgent(program, context, ending).then((agent) => {
    if (agent !== undefined && !ending.begun.aborted) {
      logger.info({ event: 'ready', ...agent.facts }, `${program.name} is ready`);
      reloader.attach(agent);
    }
    starting.resolve(agent);
  });
  return never();
}

/** The agent, or nothing where it did not start; then the process is about to end. */
async function startAgent<C extends AgentConfiguration>(
  program: AgentProgram<C>,
  context: AgentContext<C>,
  ending: Ending,
): Promise<RunningAgent<C> | undefined> {
  const { name, version } = program;
  const { logger } = context;
  const configuration = context.configurationPath ?? 'defaults';
  const facts = { version, configuration, node: process.version };
  logger.info({ event: 'starting', ...facts }, `Starting ${name}`);
  try {
    return await program.start(context);
  } catch (error) {
    if (ending.begun.aborted) return undefined; // it was asked to give up
    const { text, exit } = explainStartFailure(error);
    const details = exit === 'software' ? { err: error } : {};
    logger.error({ event: 'not-started', ...details }, `${name} did not start: ${text}`);
    return ending.now(EXIT[exit]);
  }
}

function listenToFaults(ending: Ending, logger: ProcessLogger): void {
  const fault = (event: string, err: unknown): void => {
    logger.error({ event, err }, 'A fault that nobody caught: stopping');
    ending.begin(EXIT.software);
  };
  process.on('uncaughtException', (err) => fault('uncaught-exception', err));
  process.on('unhandledRejection', (err) => fault('unhandled-rejection', err));
}

function answer(
  program: Pick<AgentProgram<never>, 'name' | 'version' | 'usage' | 'options'>,
  line: Exclude<CommandLine, RunLine>,
): Promise<never> {
  switch (line.kind) {
    case 'help':
      return say(process.stdout, helpText(program.usage, program.options), EXIT.ok);
    case 'version':
      return say(process.stdout, `${program.name} ${program.version}`, EXIT.ok);
    case 'wrong':
      return say(process.stderr, `${line.text}\nTry --help.`, EXIT.usage);
  }
}

/** The last words of a process, for people. */
function say(stream: NodeJS.WriteStream, text: string, exitCode: number): Promise<never> {
  stream.write(text.endsWith('\n') ? text : `${text}\n`, () => process.exit(exitCode));
  return never();
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
