/**
 * The end of the process, once begun never taken back: stop the agent in good manners,
 * write out the log, exit.
 *
 * A stop that hangs is given up at a deadline. Of several reasons to end the first that is
 * no success gives the exit code.
 */
import { EXIT } from './exit-code.ts';
import type { ProcessLogger } from './logger.ts';

export interface Ending {
  /** Aborted when the end has begun. */
  readonly begun: AbortSignal;
  /** Stops the agent, then ends the process with this code. */
  begin(exitCode: number): void;
  /** Ends the process now. */
  now(exitCode: number): Promise<never>;
}

export interface EndingOptions {
  readonly deadlineMs: number;
  /** Waits for the start if need be, and stops. Rejects when stopping met a fault. */
  readonly stopAgent: () => Promise<void>;
}

const FLUSH_DEADLINE_MS = 1000;

export function createEnding(options: EndingOptions, logger: ProcessLogger): Ending {
  const { deadlineMs, stopAgent } = options;
  const controller = new AbortController();
  let code: number = EXIT.ok;

  const now = async (exitCode: number): Promise<never> => {
    await logger.flush(FLUSH_DEADLINE_MS);
    process.exit(exitCode);
  };

  const stop = async (): Promise<never> => {
    setTimeout(() => {
      logger.error({ event: 'stop-given-up', deadlineMs }, 'Stopping took too long');
      void now(EXIT.software);
    }, deadlineMs);
    try {
      await stopAgent();
      logger.info({ event: 'stopped' }, 'Stopped');
    } catch (err) {
      logger.error({ event: 'stop-failed', err }, 'Stopping met a fault');
      code ||= EXIT.software;
    }
    return now(code);
  };

  return {
    begun: controller.signal,
    begin(exitCode) {
      code ||= exitCode;
      if (controller.signal.aborted) return;
      controller.abort();
      void stop();
    },
    now,
  };
}
