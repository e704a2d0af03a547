/**
 * What `sendmail` needs of the configuration: who takes mail, and where it is kept.
 *
 * The file is the one that `-C` or $POSTHOUSE_CONFIG names, else /etc/posthouse/posthouse.toml.
 * A file of the working directory counts only for those who call `posthouse sendmail`
 * themselves: cron and others call `sendmail` wherever they happen to be, and what lies
 * there may be anybody's.
 */
import { readConfiguration } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { parseDomain } from '@posthouse/mail';
import type { Domain } from '@posthouse/mail';
import { loadConfiguration, readNextHop } from '@posthouse/process';
import type { ConnectTarget } from '@posthouse/smtp';

/** Plain facts for one call. */
export interface SendmailSettings {
  readonly hostname: Domain;
  /** Completes names alone. */
  readonly domain: Domain;
  readonly spoolDirectory: string;
  readonly access: 'everybody' | 'owner';
  /** Absent: the spool is the only way. */
  readonly target: ConnectTarget | undefined;
}

const SYSTEM_FILE = '/etc/posthouse/posthouse.toml';

/** Reads them. @param isCommand whether `posthouse` was called, and not `sendmail` @throws ExitError */
export async function readSettings(
  configFile: string | undefined,
  isCommand: boolean,
): Promise<SendmailSettings> {
  const { configuration } = await loadConfiguration(
    configFile ?? defaultFile(isCommand),
    readConfiguration,
  );
  return settingsOf(configuration);
}

/** `undefined`: what `posthouse` itself would take. */
function defaultFile(isCommand: boolean): string | undefined {
  const isNamed = (process.env['POSTHOUSE_CONFIG'] ?? '') !== '';
  return isCommand || isNamed ? undefined : SYSTEM_FILE;
}

/** As a configuration means it. @throws ExitError */
async function settingsOf(configuration: Configuration): Promise<SendmailSettings> {
  const { directory, sendmail, server } = configuration;
  const { access, nextHop, socket, spoolDirectory } = sendmail;
  const own = parseDomain(directory.domains[0] ?? '');
  return {
    hostname: server.hostname,
    domain: sendmail.domain ?? own ?? server.hostname,
    spoolDirectory,
    access,
    target:
      nextHop === undefined
        ? socket === undefined
          ? undefined
          : localTarget(socket, server.hostname)
        : { ...(await readNextHop(nextHop)), protocol: 'smtp', greeting: server.hostname },
  };
}

/** The stack's own socket: nobody on the way can listen. */
function localTarget(path: string, greeting: Domain): ConnectTarget {
  return { protocol: 'smtp', endpoint: { path }, greeting, tls: { mode: 'off', verify: false } };
}
