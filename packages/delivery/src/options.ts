/** What a delivery agent is told, and its defaults. */
import { join } from 'node:path';

/** Options of `createDelivery`. */
export interface DeliveryOptions {
  /** Our host name, part of the names of files. */
  readonly hostname: string;
  /** Where mail lies: `<mailDirectory>/<domain>/<user>/Maildir`. */
  readonly mailDirectory: string;
  /** The largest message, in octets. @default 50 MiB */
  readonly maxMessageBytes?: number | undefined;
  /** Recipients in one transaction. @default 1000 */
  readonly maxRecipients?: number | undefined;
}

/** The options with their defaults. */
export interface ResolvedDeliveryOptions {
  readonly hostname: string;
  readonly mailDirectory: string;
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** Our own directories, where no domain can be: its name would begin with a dot. */
  readonly scratchDirectory: string;
  readonly ledgerDirectory: string;
}

/** @throws TypeError with every mistake */
export function resolveOptions(options: DeliveryOptions): ResolvedDeliveryOptions {
  const { hostname, mailDirectory, maxMessageBytes = 52_428_800, maxRecipients = 1000 } = options;
  const problems: string[] = [];
  if (hostname === '') problems.push('hostname: is empty');
  if (mailDirectory === '') problems.push('mailDirectory: is empty');
  for (const [name, value] of Object.entries({ maxMessageBytes, maxRecipients })) {
    if (!Number.isSafeInteger(value) || value < 1) problems.push(`${name}: is no positive integer`);
  }
  if (problems.length > 0) {
    throw new TypeError(`these options make no delivery agent:\n  ${problems.join('\n  ')}`);
  }
  return {
    hostname,
    mailDirectory,
    maxMessageBytes,
    maxRecipients,
    scratchDirectory: join(mailDirectory, '.posthouse', 'scratch'),
    ledgerDirectory: join(mailDirectory, '.posthouse', 'ledger'),
  };
}
