/** `[submission]`: the agent that authors hand their mail to (RFC 6409). */
import type { z } from 'zod';
import * as field from './field.ts';
import type { ListenAddress } from './human.ts';
import { limitShape, limitsOf } from './limits.ts';
import type { ListenerLimits } from './limits.ts';
import { nextHopField } from './next-hop.ts';
import type { NextHop } from './next-hop.ts';
import { strictTable } from './rule.ts';
import type { Surroundings } from './surroundings.ts';

export interface SubmissionConfiguration {
  /** With STARTTLS; absent where it is switched off. @default 127.0.0.1:2587 */
  readonly listen?: ListenAddress;
  /** With TLS from the start; absent where it is switched off. @default 127.0.0.1:2465 */
  readonly listenTls?: ListenAddress;
  /** The relay, where submission runs alone. The stack hands mail to its own relay. */
  readonly nextHop?: NextHop;
  readonly limits: SubmissionLimits;
}

export interface SubmissionLimits extends ListenerLimits {
  /** For each account; absent: no limit. */
  readonly maxMessagesPerHour?: number;
  /** For each account, counting each recipient of each message; absent: no limit. */
  readonly maxRecipientsPerHour?: number;
}

export function submissionSection(around: Surroundings): z.ZodType<SubmissionConfiguration> {
  return strictTable({
    listen: field.withDefault(
      field.listen('Where it listens with STARTTLS, or "off".', '0.0.0.0:587', around),
      '127.0.0.1:2587',
    ),
    listen_tls: field.withDefault(
      field.listen('Where it listens with TLS from the start, or "off".', '0.0.0.0:465', around),
      '127.0.0.1:2465',
    ),
    next_hop: nextHopField(around)
      .meta({
        description: 'The relay that takes the mail, where submission runs alone.',
        examples: [{ host: 'relay.example.com', port: 2525 }],
      })
      .optional(),
    ...limitShape('35MB'),
    max_messages_per_hour: field
      .count('Messages of one account in an hour; no limit if not given.', 500)
      .optional(),
    max_recipients_per_hour: field
      .count('Recipients of one account in an hour; no limit if not given.', 2000)
      .optional(),
  }).transform((table): SubmissionConfiguration => {
    const messages = table.max_messages_per_hour;
    const recipients = table.max_recipients_per_hour;
    return {
      ...(table.listen === 'off' ? {} : { listen: table.listen }),
      ...(table.listen_tls === 'off' ? {} : { listenTls: table.listen_tls }),
      ...(table.next_hop === undefined ? {} : { nextHop: table.next_hop }),
      limits: {
        ...limitsOf(table),
        ...(messages === undefined ? {} : { maxMessagesPerHour: messages }),
        ...(recipients === undefined ? {} : { maxRecipientsPerHour: recipients }),
      },
    };
  });
}
