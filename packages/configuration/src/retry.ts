/** `[relay.retry]`: when delivery is tried again, for all recipients and by their domain. */
import { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';

export interface RetryConfiguration {
  /** Waits after the first attempts; the last one repeats. @default 5 m, 15 m, 30 m, 1 h, 2 h, 4 h */
  readonly scheduleMs: readonly number[];
  /**
   * The same where the trouble is with one recipient alone. @default as `scheduleMs` where that is
   * given, else 2 m, 4 m, 10 m, 15 m, 30 m, 1 h, 2 h, 4 h
   */
  readonly recipientScheduleMs: readonly number[];
  /** Age at which it is given up. @default 5 d */
  readonly expireMs: number;
  /** Age at which the author is told of the delay. @default 4 h */
  readonly delayWarningMs: number;
  /** Exceptions by the recipient's domain, or `*.domain` for all names below it. */
  readonly domains: Readonly<Record<string, DomainRetry>>;
}

/** What is left out is as for all. */
export type DomainRetry = Partial<
  Pick<RetryConfiguration, 'expireMs' | 'recipientScheduleMs' | 'scheduleMs'>
>;

const MINUTE_MS = 60_000;
const SCHEDULE_MS: readonly number[] = minutes(5, 15, 30, 60, 120, 240);
const RECIPIENT_SCHEDULE_MS: readonly number[] = minutes(2, 4, 10, 15, 30, 60, 120, 240);

export function retryField(): z.ZodType<RetryConfiguration> {
  return strictTable(
    {
      ...scheduleShape(
        '5m, 15m, 30m, 1h, 2h, 4h if not given',
        'as `schedule` where that is given, else 2m, 4m, 10m, 15m, 30m, 1h, 2h, 4h',
      ),
      expire: field.withDefault(expireField(), '5d'),
      delay_warning: field.withDefault(
        field.duration('Age at which the author is told of the delay.', '4h'),
        '4h',
      ),
      domains: field.withDefault(domainsField(), {}),
    },
    warningInTime,
  )
    .transform((table) => ({
      scheduleMs: table.schedule ?? SCHEDULE_MS,
      recipientScheduleMs: table.recipient_schedule ?? table.schedule ?? RECIPIENT_SCHEDULE_MS,
      expireMs: table.expire,
      delayWarningMs: table.delay_warning,
      domains: table.domains,
    }))
    .meta({ description: 'When delivery is tried again.', examples: [{ expire: '2d' }] });
}

function domainsField(): z.ZodType<RetryConfiguration['domains']> {
  const rule = strictTable({
    ...scheduleShape('as for all if not given', 'as this `schedule`, else as for all'),
    expire: expireField().optional(),
  })
    .transform((table) => ({
      ...(table.schedule && { scheduleMs: table.schedule }),
      ...(table.recipient_schedule && { recipientScheduleMs: table.recipient_schedule }),
      ...(table.expire !== undefined && { expireMs: table.expire }),
    }))
    .meta({
      description: 'The waits for one domain.',
      examples: [{ schedule: ['15m', '1h'], expire: '2d' }],
    });
  return z.record(field.domainPattern(), rule).meta({
    description: "Other waits by the recipient's domain, or *.domain for all names below it.",
    examples: [{ 'example.com': { schedule: ['15m', '1h'] } }],
  });
}

function scheduleShape(otherwise: string, otherwiseOfRecipient: string) {
  const waits = (description: string, example: readonly string[]) =>
    z
      .array(field.duration('A wait.', '15m', 1000))
      .min(1)
      .max(100)
      .meta({ description, examples: [example] })
      .optional();
  return {
    schedule: waits(`Waits after the first attempts; the last one repeats; ${otherwise}.`, [
      '5m',
      '15m',
      '1h',
      '4h',
    ]),
    recipient_schedule: waits(
      `The same where the trouble is with one recipient alone, as greylisting is; ${otherwiseOfRecipient}.`,
      ['2m', '5m', '15m', '1h'],
    ),
  };
}

function expireField(): z.ZodType<number> {
  return field.duration('Age at which a message is given up.', '5d', 1000);
}

function warningInTime(table: RawTable): readonly Breach[] {
  const [expire, warning] = [table['expire'], table['delay_warning']];
  if (typeof expire !== 'number' || typeof warning !== 'number' || warning < expire) return [];
  const text = 'The warning would come after the message is given up';
  return [{ path: ['delay_warning'], text, fix: 'Make it shorter than relay.retry.expire' }];
}

function minutes(...waits: readonly number[]): readonly number[] {
  return waits.map((wait) => wait * MINUTE_MS);
}
