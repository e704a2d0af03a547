/** `[delivery]`: the agent that puts mail into Maildirs. */
import { z } from 'zod';
import * as field from './field.ts';
import type { ListenAddress } from './human.ts';
import { limitShape, limitsOf } from './limits.ts';
import type { ListenerLimits } from './limits.ts';
import { loginsField } from './logins.ts';
import type { AgentLogins } from './logins.ts';
import { strictTable } from './rule.ts';
import type { Surroundings } from './surroundings.ts';

export interface DeliveryConfiguration {
  /** LMTP; absent where it is switched off. @default 127.0.0.1:2424 */
  readonly listen?: ListenAddress;
  /** `<domain>/<user>/Maildir` is below, absolute. @default mail, in the state directory */
  readonly mailDirectory: string;
  /** Networks that may connect, each `address/bits`. @default loopback */
  readonly allowedPeers: readonly string[];
  /** Networks whose relays are believed without a login. @default none */
  readonly trustedNetworks: readonly string[];
  /** Our relays, which may say what is a second attempt (architecture: exactly once). */
  readonly logins: AgentLogins;
  readonly limits: ListenerLimits;
}

/** The section, and the quotas that belong to the directory. */
export interface DeliverySection extends DeliveryConfiguration {
  readonly quotaBytes?: number;
  readonly quotas: Readonly<Record<string, number>>;
}

export function deliverySection(around: Surroundings): z.ZodType<DeliverySection> {
  const account = field.address('Name of an account.', 'alice@example.com');
  const quota = field.size('What the mailbox may hold.', '1GB');
  return strictTable({
    listen: field.withDefault(
      field.listen('Where it listens for LMTP, or "off".', 'unix:/run/posthouse/lmtp.sock', around),
      '127.0.0.1:2424',
    ),
    mail_directory: field
      .path(
        'Directory of the Maildirs; "mail" in the state directory if not given.',
        'var/mail',
        around,
      )
      .optional(),
    allowed_peers: field.withDefault(field.networks('Networks that may connect.'), [
      '127.0.0.0/8',
      '::1',
    ]),
    trusted_networks: field.withDefault(
      field.networks(
        'Networks of our relays that are believed without a login what is a second attempt. No network is trusted by default.',
      ),
      [],
    ),
    logins: field.withDefault(
      loginsField(around, 'Logins of our relays, which may say what is a second attempt.'),
      {},
    ),
    quota: field.size('What each mailbox may hold; no limit if not given.', '1GB').optional(),
    quotas: field.withDefault(
      z.record(account, quota).meta({
        description: 'What the mailboxes of single accounts may hold.',
        examples: [{ 'alice@example.com': '10GB' }],
      }),
      {},
    ),
    ...limitShape('50MB'),
  }).transform((table) => ({
    ...(table.listen === 'off' ? {} : { listen: table.listen }),
    mailDirectory: table.mail_directory ?? around.state('mail'),
    allowedPeers: table.allowed_peers,
    trustedNetworks: table.trusted_networks,
    logins: table.logins,
    limits: limitsOf(table),
    quotas: table.quotas,
    ...(table.quota === undefined ? {} : { quotaBytes: table.quota }),
  }));
}
