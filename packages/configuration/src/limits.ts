/** Limits that every listener has. */
import type { z } from 'zod';
import * as field from './field.ts';

export interface ListenerLimits {
  /** Larger messages are refused with 552. */
  readonly maxMessageBytes: number;
  /** Recipients of one message; the next is refused with 452. */
  readonly maxRecipients: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerPeer: number;
}

/** RFC 5321 §4.5.3.1.7: so much must be taken. */
const MIN_MESSAGE_BYTES = 65_536;

/** The keys of the limits. */
export interface LimitKeys {
  readonly max_message_size: number;
  readonly max_recipients: number;
  readonly max_connections: number;
  readonly max_connections_per_peer: number;
}

/** Fields for the keys; `maxMessageSize` is the default for the size of a message. */
export function limitShape(maxMessageSize: string): { [K in keyof LimitKeys]: z.ZodType<number> } {
  return {
    max_message_size: field.withDefault(
      field.size('Larger messages are refused.', '25MB', MIN_MESSAGE_BYTES),
      maxMessageSize,
    ),
    max_recipients: field.withDefault(
      field.count(
        'Recipients that one message may have (RFC 5321 asks for 100 or more).',
        1000,
        [100, 1_000_000],
      ),
      1000,
    ),
    max_connections: field.withDefault(field.count('Connections at the same time.', 1000), 1000),
    max_connections_per_peer: field.withDefault(
      field.count('Connections at the same time from one address.', 200),
      200,
    ),
  };
}

export function limitsOf(keys: LimitKeys): ListenerLimits {
  return {
    maxMessageBytes: keys.max_message_size,
    maxRecipients: keys.max_recipients,
    maxConnections: keys.max_connections,
    maxConnectionsPerPeer: keys.max_connections_per_peer,
  };
}
