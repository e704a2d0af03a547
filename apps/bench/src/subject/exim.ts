/**
 * Exim from Debian, unpacked, in a root directory of its own. It delivers each message at once,
 * by a process of its own, as it does by default; what would queue instead (more than ten
 * messages on a connection, more than twenty connections) is switched off, and so is DNS.
 */
import { join } from 'node:path';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import { createPrivateRoot, inRoot, privateRootObstacle } from './private-root.ts';
import type { SinkPlace, Subject } from './subject.ts';

const PACKAGE = 'exim4-daemon-light';

export const exim: Subject = {
  name: 'exim',
  obstacle: () => Promise.resolve(privateRootObstacle(PACKAGE, 'usr/sbin/exim4')),
  async start(setting) {
    const { directory, environment } = setting;
    const port = await freePort();
    await createPrivateRoot({
      path: directory,
      packageName: PACKAGE,
      users: ['Debian-exim'],
      directories: ['var/spool/exim4', 'var/log/exim4', ...MAILDIR],
      files: { '/etc/exim4/exim4.conf': configuration(port, setting.sink) },
      environment,
    });
    const startedAt = now();
    const child = startChild({
      command: [...(setting.under ?? []), ...inRoot(directory, 'exec exim4 -bdf')],
      cwd: directory,
      logFile: join(directory, 'output'),
    });
    await child.listening(port);
    return {
      pid: child.pid,
      startedAt,
      startedInMs: now() - startedAt,
      exchange: { port },
      mailbox: join(directory, 'mail/new'),
      stop: () => child.stop('SIGKILL'),
    };
  },
};

const MAILDIR = ['mail', 'mail/new', 'mail/cur', 'mail/tmp'];

/** The host of `d7.many.test`, as in the load. */
const DISTANT =
  '${if match{$domain}{^d(\\\\d+)\\\\.many}{127.1.${eval:$1/250}.${eval:$1%250+1}}{127.0.0.1}}';

function configuration(port: number, sink: SinkPlace | undefined): string {
  return `primary_hostname = bench.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
host_lookup =
keep_environment =
message_size_limit = 50M
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
log_file_path = /var/log/exim4/%slog
tls_advertise_hosts =
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
box:
  driver = accept
  domains = local.test
  transport = box
out:
  driver = manualroute
  route_data = ${DISTANT}
  self = send
  transport = out
begin transports
box:
  driver = appendfile
  directory = /mail
  maildir_format
  user = Debian-exim
out:
  driver = smtp
  port = ${sink?.port ?? 9}
  allow_localhost
`;
}
