/**
 * Reloading, one at a time: read the file, give it to the agent, or keep what there was.
 *
 * A wish that comes while a reload is under way is met by one more, afterwards. A wish
 * that comes before the agent runs waits for it.
 */
import type { AgentConfiguration, AgentProgram, ReloadResult, RunningAgent } from './agent.ts';
import { ConfigurationError, loadConfiguration } from './configuration-file.ts';
import type { ProcessLogger } from './logger.ts';

export interface Reloader<C> {
  /** The agent runs. */
  attach(agent: RunningAgent<C>): void;
  reload(): Promise<ReloadResult>;
}

/** With what the process was started. */
export interface Started<C> {
  /** The configuration file, as on the command line. */
  readonly named: string | undefined;
  readonly configuration: C;
}

export function createReloader<C extends AgentConfiguration>(
  { named, configuration: started }: Started<C>,
  program: Pick<AgentProgram<C>, 'readConfiguration' | 'settingsThatWait'>,
  logger: ProcessLogger,
): Reloader<C> {
  const attached = Promise.withResolvers<RunningAgent<C>>();
  let last: Promise<unknown> = Promise.resolve();
  /** A reload that has not begun to read. */
  let next: Promise<ReloadResult> | undefined;

  async function reloadNow(agent: RunningAgent<C>): Promise<ReloadResult> {
    let waiting: readonly string[];
    try {
      const { configuration } = await loadConfiguration(named, program.readConfiguration);
      await agent.reload?.(configuration);
      logger.setLevel(configuration.log.level);
      waiting = program.settingsThatWait?.(started, configuration) ?? [];
    } catch (error) {
      tell(error, logger);
      return { kind: 'refused' };
    }
    const text = 'Configuration, accounts and certificates were read again';
    if (waiting.length === 0) logger.info({ event: 'reloaded' }, text);
    else logger.warn({ event: 'reloaded', waiting }, `${text}; some settings wait for a start`);
    return { kind: 'taken', waiting };
  }

  return {
    attach: (agent) => attached.resolve(agent),
    reload() {
      next ??= last.then(async () => {
        const agent = await attached.promise;
        next = undefined;
        return reloadNow(agent);
      });
      last = next;
      return next;
    },
  };
}

function tell(error: unknown, logger: ProcessLogger): void {
  const problems = error instanceof ConfigurationError ? error.problems : [];
  for (const { text, ...place } of problems) {
    logger.error({ event: 'configuration-problem', ...place }, text);
  }
  const details = error instanceof ConfigurationError ? {} : { err: error };
  const text = 'The configuration cannot be used, the old one stays';
  logger.error({ event: 'reload-failed', ...details }, text);
}
