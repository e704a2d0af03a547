/**
 * The log of a process: pino over an output that never blocks.
 *
 * JSON lines for machines; plain lines in a terminal, unless NODE_ENV is `production` or
 * the configuration says otherwise. Errors under `err`, `error` and `cause` are written
 * with their stack.
 */
import { isatty } from 'node:tty';
import type { LogFields, Logger } from '@posthouse/mail';
import { pino } from 'pino';
import { createLogOutput } from './log-output.ts';
import { plainLine } from './plain-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a configuration says of the log. */
export interface LogSettings {
  readonly level: LogLevel;
  readonly format: 'auto' | 'json' | 'plain';
}

/** A logger that can be changed and ended. */
export interface ProcessLogger extends Logger {
  setLevel(level: LogLevel): void;
  /** Resolves when everything is written, or cannot be in time. */
  flush(deadlineMs: number): Promise<void>;
}

/** Makes the log of this process; `name` stands in every JSON line. */
export function createProcessLogger(name: string, settings: LogSettings): ProcessLogger {
  const output = createLogOutput({
    dropped: (lines) =>
      log.warn({ event: 'log-lines-dropped', lines }, 'Log lines were dropped: nobody read them'),
  });
  const terminal = isatty(1);
  const plain =
    settings.format === 'plain' || (settings.format === 'auto' && isForPeople(terminal));
  const colours = terminal && process.stdout.hasColors();
  const { err } = pino.stdSerializers;
  const log = pino(
    {
      level: settings.level,
      base: { name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err, error: err, cause: err },
    },
    { write: (line: string) => output.write(plain ? plainLine(line, colours) : line) },
  );
  return {
    debug: (fields: LogFields, text: string) => log.debug(fields, text),
    info: (fields: LogFields, text: string) => log.info(fields, text),
    warn: (fields: LogFields, text: string) => log.warn(fields, text),
    error: (fields: LogFields, text: string) => log.error(fields, text),
    setLevel: (level) => void (log.level = level),
    flush: (deadlineMs) => output.flush(deadlineMs),
  };
}

function isForPeople(terminal: boolean): boolean {
  return terminal && process.env['NODE_ENV'] !== 'production';
}
