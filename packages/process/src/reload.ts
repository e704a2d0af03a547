/**
 * Reloading, one at a time: read the file, give it to the agent, or keep what there was.
 *
 * A wish that comes while a reload is under way is met by one more, afterwards. A wish
 * that comes before the agent runs waits for it.
 */
import type { AgentConfiguration, RunningAgent } from './agent.ts';
import { ConfigurationError, loadConfiguration } from './configuration-file.ts';
import type { ConfigurationReader } from './configuration-file.ts';
import type { ProcessLogger } from './logger.ts';

export interface Reloader<C> {
  /** The agent runs. */
  attach(agent: RunningAgent<C>): void;
  /** Resolves with whether the new configuration is in use. */
  reload(): Promise<boolean>;
}

/** @param named the configuration file, as on the command line */
export function createReloader<C extends AgentConfiguration>(
  named: string | undefined,
  read: ConfigurationReader<C>,
  logger: ProcessLogger,
): Reloader<C> {
  const attached = Promise.withResolvers<RunningAgent<C>>();
  let last: Promise<boolean> = Promise.resolve(true);
  /** A reload that has not begun to read. */
  let next: Promise<boolean> | undefined;

  async function reloadNow(agent: RunningAgent<C>): Promise<boolean> {
    try {
      const { configuration } = await loadConfiguration(named, read);
      await agent.reload?.(configuration);
      logger.setLevel(configuration.log.level);
    } catch (error) {
      tell(error, logger);
      return false;
    }
    logger.info({ event: 'reloaded' }, 'Configuration, accounts and certificates were read again');
    return true;
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
