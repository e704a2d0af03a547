/**
 * Debian's Dovecot with the accounts of a system: mailboxes behind LMTP, and who may log in for
 * other servers (SASL). Everything in one directory. Needs root, for the mailboxes' owner.
 */
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtEnd } from '../system/mail-system.ts';
import { mustRun } from './program.ts';
import { freePort, startServer } from './server.ts';
import type { Server } from './server.ts';

/** Programs that it needs. */
export const DOVECOT: readonly string[] = ['root', 'dovecot', '/usr/lib/dovecot/lmtp'];

export interface Dovecot extends Server {
  /** Of LMTP. */
  readonly port: number;
  readonly saslPort: number;
  maildir(localPart: string): string;
}

/** Starts one with the certificate and the accounts in this directory. */
export async function startDovecot(system: string, atEnd: AtEnd): Promise<Dovecot> {
  const place = await mkdtemp(join(tmpdir(), 'posthouse-dovecot-'));
  atEnd(() => rm(place, { recursive: true, force: true }));
  await chmod(place, 0o755);
  const id = async (flag: string): Promise<number> =>
    Number(await mustRun({ program: 'id', args: [flag, 'nobody'] }, place));
  const owner = { uid: await id('-u'), gid: await id('-g') };
  await mkdir(join(place, 'mail'));
  await chown(join(place, 'mail'), owner.uid, owner.gid);
  for (const name of ['server.pem', 'server.key', 'accounts']) {
    await cp(join(system, name), join(place, name));
  }
  await chmod(join(place, 'accounts'), 0o644); // read by its user for logins
  const [port, saslPort] = [await freePort(), await freePort()];
  const file = join(place, 'dovecot.conf');
  await writeFile(file, configuration(place, { port, saslPort, ...owner }));
  const command = { program: 'dovecot', args: ['-F', '-c', file] };
  const server = await startServer(command, port, /starting up for lmtp/);
  atEnd(() => server.stop());
  return { ...server, saslPort, maildir: (localPart) => join(place, 'mail', localPart, 'Maildir') };
}

interface Setting {
  readonly port: number;
  readonly saslPort: number;
  readonly uid: number;
  readonly gid: number;
}

function configuration(place: string, { gid, port, saslPort, uid }: Setting): string {
  return `
protocols = lmtp
listen = 127.0.0.1
base_dir = ${place}/run
state_dir = ${place}/state
log_path = /dev/stderr
ssl = required
ssl_cert = <${place}/server.pem
ssl_key = <${place}/server.key
auth_mechanisms = plain login
auth_username_format = %Lu
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_plugins = quota
plugin {
  quota = maildir:Mailbox
  quota_rule = *:storage=10M
}
passdb {
  driver = passwd-file
  args = username_format=%u ${place}/accounts
}
userdb {
  driver = passwd-file
  args = username_format=%u ${place}/accounts
  override_fields = uid=${uid} gid=${gid} home=${place}/mail/%n
}
service lmtp {
  inet_listener lmtp {
    port = ${port}
    ssl = no
  }
}
service auth {
  inet_listener sasl {
    port = ${saslPort}
  }
}
`;
}
