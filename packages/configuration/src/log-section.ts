/** `[log]`: how much is logged, and in which form. */
import type { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogConfiguration {
  /** The least important level that is logged. @default 'info' */
  readonly level: LogLevel;
  /** `auto`: plain lines in a terminal, JSON elsewhere and in production. @default 'auto' */
  readonly format: 'auto' | 'json' | 'plain';
}

export function logSection(): z.ZodType<LogConfiguration> {
  return strictTable({
    level: field.withDefault(
      field.oneOf('The least important level that is logged.', 'info', 'debug', 'warn', 'error'),
      'info',
    ),
    format: field.withDefault(
      field.oneOf(
        'Form of the log: "auto" is plain lines in a terminal and JSON elsewhere.',
        'auto',
        'json',
        'plain',
      ),
      'auto',
    ),
  });
}
