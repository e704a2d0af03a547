/**
 * Logging as a dependency: the part of pino's interface that libraries use.
 *
 * One event per fact: fields first, with the event's name under `event`, then a
 * sentence for people. Never message content, never secrets.
 */

/** Fields of one log event. */
export interface LogFields {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** What libraries need of a logger; pino satisfies it. */
export interface Logger {
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
}

/** Drops everything. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
