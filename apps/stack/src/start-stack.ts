/**
 * A whole mail system in one call: for tests and for programs that bring their own.
 *
 * Everything lies in one directory. By default it listens on free ports of loopback,
 * because a program that embeds a stack has no ports of its own to give away.
 */
import { join, resolve } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { addAccount, listAccounts, setPassword } from '@posthouse/directory';
import { createDisk } from '@posthouse/durable-fs';
import { silentLogger, systemClock } from '@posthouse/mail';
import type { Clock, Logger } from '@posthouse/mail';
import { createStack } from './stack.ts';
import type { Stack } from './stack.ts';

/** What a stack is made from. */
export interface StartStackOptions {
  /** Everything lies below, in `var` unless the configuration says otherwise; made where it is missing. */
  readonly directory: string;
  /** The text of a configuration file that stands in `directory`. @default '' */
  readonly configuration?: string;
  /** Accounts to make, or whose password to set: name → password. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** `free`: any free port of 127.0.0.1, see `addresses`. `configured`: as the configuration says. @default 'free' */
  readonly ports?: 'free' | 'configured';
  /** Keeps every message in one mailbox, whatever its recipient (docs/local-development.md). @default false */
  readonly catchAll?: boolean;
  /** @default silence */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** A stack that runs, and where its mail lies. */
export interface RunningStack extends Stack {
  /** `<domain>/<user>/Maildir` is below. */
  readonly mailDirectory: string;
}

/**
 * Starts a stack.
 *
 * @example
 * const stack = await startStack({ directory: 'mail-test', accounts: { 'alice@posthouse.test': 'secret' } });
 * // ... submit to stack.addresses.submission, read below stack.mailDirectory ...
 * await stack.stop();
 *
 * @throws TypeError naming every mistake of the configuration; what starting throws, with nothing left running
 */
export async function startStack(options: StartStackOptions): Promise<RunningStack> {
  const configuration = configured(options);
  await createDisk().directories.ensure(configuration.server.stateDirectory, 0o700);
  await setAccounts(configuration.directory.accountsFile, options.accounts ?? {});
  const { catchAll, clock = systemClock, logger = silentLogger } = options;
  const stack = await createStack(configuration, { logger, clock }, { catchAll });
  await stack.start();
  return Object.assign(stack, { mailDirectory: configuration.delivery.mailDirectory });
}

function configured(options: StartStackOptions): Configuration {
  const path = join(resolve(options.directory), 'posthouse.toml');
  const reading = readConfiguration(options.configuration ?? '', path);
  if (reading.kind === 'invalid') {
    const lines = reading.problems.map(({ fix, line, text }) => `line ${line}: ${text}. ${fix}`);
    throw new TypeError(`this configuration cannot be used:\n  ${lines.join('\n  ')}`);
  }
  return options.ports === 'configured'
    ? reading.configuration
    : onFreePorts(reading.configuration);
}

function onFreePorts(configuration: Configuration): Configuration {
  const free = { host: '127.0.0.1', port: 0 } as const;
  const { delivery, relay, submission } = configuration;
  return {
    ...configuration,
    submission: {
      ...submission,
      ...(submission.listen && { listen: free }),
      ...(submission.listenTls && { listenTls: free }),
    },
    relay: { ...relay, ...(relay.listen && { listen: free }) },
    delivery: { ...delivery, ...(delivery.listen && { listen: free }) },
  };
}

async function setAccounts(
  path: string,
  accounts: Readonly<Record<string, string>>,
): Promise<void> {
  const known = new Set(await listAccounts({ path }));
  for (const [name, password] of Object.entries(accounts)) {
    if (known.has(name)) await setPassword({ path }, name, password);
    else await addAccount({ path }, name, password);
  }
}
