/**
 * What `sendmail` needs of the configuration: who takes mail, and where it is kept.
 */
import type { Configuration, NextHop } from '@posthouse/configuration';
import { parseDomain } from '@posthouse/mail';
import type { Domain } from '@posthouse/mail';
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

/** Reads the files that a next hop names. */
export type ReadNextHop = (
  place: NextHop,
) => Promise<Pick<ConnectTarget, 'authentication' | 'endpoint' | 'tls'>>;

/**
 * Where the configuration is looked for when `sendmail` is called by that name and none is
 * named: never where the caller happens to be, because what lies there may be anybody's.
 */
export const SYSTEM_CONFIGURATION = '/etc/posthouse/posthouse.toml';

/** The settings that a configuration means. @throws what `readNextHop` throws */
export async function sendmailSettings(
  { directory, sendmail, server }: Configuration,
  readNextHop: ReadNextHop,
): Promise<SendmailSettings> {
  const { access, nextHop, socket, spoolDirectory } = sendmail;
  const { hostname } = server;
  const own = parseDomain(directory.domains[0] ?? '');
  const domain = sendmail.domain ?? own ?? hostname;
  const facts = { hostname, domain, spoolDirectory, access };
  if (nextHop !== undefined) {
    const hop = await readNextHop(nextHop);
    return { ...facts, target: { ...hop, protocol: 'smtp', greeting: hostname } };
  }
  return { ...facts, target: socket === undefined ? undefined : localTarget(socket, hostname) };
}

/** The stack's own socket: nobody on the way can listen. */
function localTarget(path: string, greeting: Domain): ConnectTarget {
  return { protocol: 'smtp', endpoint: { path }, greeting, tls: { mode: 'off', verify: false } };
}
