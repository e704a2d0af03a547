/** `[dns]`: whom we ask for MX, addresses and policies. */
import { z } from 'zod';
import * as field from './field.ts';
import { strictTable } from './rule.ts';

export interface DnsConfiguration {
  /** `address:port`, IPv6 in brackets; absent: those of the system. */
  readonly servers?: readonly string[];
  /** For one question to one server. @default 5 s */
  readonly timeoutMs: number;
  /** Whose word on DNSSEC is believed: that of servers on this host, of all, of none. @default 'loopback' */
  readonly trustAuthenticData: 'loopback' | 'always' | 'never';
}

export function dnsSection(): z.ZodType<DnsConfiguration> {
  return strictTable({
    servers: z
      .array(field.hostAndPort('A server and its port.', '127.0.0.1:53'))
      .min(1)
      .meta({
        description: 'DNS servers; those of the system if not given.',
        examples: [['127.0.0.1:53']],
      })
      .optional(),
    timeout: field.withDefault(
      field.duration('How long one server may take to answer one question.', '5s', 100),
      '5s',
    ),
    trust: field.withDefault(
      field.oneOf(
        'Which servers are believed that DNSSEC vouches for an answer (the AD bit): those on this host, all, or none.',
        'loopback',
        'always',
        'never',
      ),
      'loopback',
    ),
  }).transform(({ servers, timeout: timeoutMs, trust: trustAuthenticData }) => ({
    ...(servers === undefined ? {} : { servers }),
    timeoutMs,
    trustAuthenticData,
  }));
}
