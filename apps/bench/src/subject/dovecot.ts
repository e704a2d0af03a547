/**
 * Dovecot's LMTP: the other half of many mail systems, compared with our delivery agent alone.
 * Debian's package as a private instance with its default settings, one mailbox, no TLS.
 */
import { existsSync } from 'node:fs';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../meter/slow-sync.ts';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import type { Subject } from './subject.ts';

const MAIL_USER = 5000;

export const dovecot: Subject = {
  name: 'dovecot',
  destinations: ['mailbox'],
  obstacle() {
    if (!existsSync('/usr/lib/dovecot/lmtp')) {
      return Promise.resolve('dovecot is not installed: apt-get install dovecot-lmtpd');
    }
    return Promise.resolve(
      process.getuid?.() === 0 ? undefined : 'dovecot can only be started by root',
    );
  },
  async start(setting) {
    const { directory, environment } = setting;
    const port = await freePort();
    await mkdir(join(directory, 'mail'), { recursive: true });
    await chown(join(directory, 'mail'), MAIL_USER, MAIL_USER);
    const file = join(directory, 'dovecot.conf');
    await writeFile(file, configuration(directory, port, environment));
    const startedAt = now();
    const child = startChild({
      command: [...(setting.under ?? []), 'dovecot', '-F', '-c', file],
      cwd: directory,
      logFile: join(directory, 'output'),
      environment,
    });
    await child.listening(port);
    return {
      pid: child.pid,
      startedAt,
      startedInMs: now() - startedAt,
      lmtp: { port, protocol: 'lmtp' },
      mailbox: join(directory, 'mail/box/Maildir/new'),
      stop: () => child.stop('SIGTERM'),
    };
  },
};

function configuration(directory: string, port: number, environment: Environment = {}): string {
  const imported = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return `protocols = lmtp
listen = 127.0.0.1
base_dir = ${directory}/run
state_dir = ${directory}/state
log_path = ${directory}/log
import_environment = ${['TZ', ...imported].join(' ')}
ssl = no
first_valid_uid = ${MAIL_USER}
mail_location = maildir:${directory}/mail/%n/Maildir
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=${MAIL_USER} gid=${MAIL_USER} home=${directory}/mail/%n allow_all_users=yes
}
service lmtp {
  process_limit = 200
  inet_listener lmtp {
    port = ${port}
  }
}
service auth {
  client_limit = 1000
}
`;
}
