/**
 * Exim from Debian, unpacked, in a root directory of its own. It delivers each message at once,
 * by a process of its own, as it does by default; what would queue instead (more than ten
 * messages on a connection, more than twenty connections) is switched off, and so is DNS.
 */
import type { SinkPlace, Subject } from './subject.ts';
import { startUnpacked, unpackedObstacle } from './unpacked.ts';
import type { UnpackedServer } from './unpacked.ts';

const SERVER: UnpackedServer = {
  packageName: 'exim4-daemon-light',
  program: 'usr/sbin/exim4',
  users: ['Debian-exim'],
  directories: ['var/spool/exim4', 'var/log/exim4'],
  configurationFile: '/etc/exim4/exim4.conf',
  script: 'exec exim4 -bdf',
};

export const exim: Subject = {
  name: 'exim',
  obstacle: () => Promise.resolve(unpackedObstacle(SERVER)),
  start: (setting) => startUnpacked(SERVER, setting, (port) => configuration(port, setting.sink)),
};

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
