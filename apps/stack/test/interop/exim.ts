/** Debian's Exim as a neighbour. */
import { inRoot, unpackedFile } from '@posthouse/testkit/private-root';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailSystem } from '../system/mail-system.ts';
import { REFUSALS, STAGES, UNWELCOME } from './peer-server.ts';
import type { Doors, PeerServer, Stage } from './peer-server.ts';
import { startServer } from './server.ts';
import { createRootForTest, endRoot } from './unpacked-root.ts';

const PACKAGE = 'exim4-daemon-light';

export const exim: PeerServer = {
  name: 'Exim',
  needs: ['root', 'unshare', unpackedFile(PACKAGE, 'usr/sbin/exim4')],
  smtpUtf8: true,
  servesTls: true,
  async start(doors, system, atEnd) {
    const file = (name: string): Promise<string> => readFile(join(system.directory, name), 'utf8');
    const root = await createRootForTest(
      {
        packageName: PACKAGE,
        users: ['Debian-exim'],
        directories: ['var/spool/exim4', 'var/log/exim4', ...MAILDIR.map((part) => `mail/${part}`)],
        files: {
          '/etc/exim4/exim4.conf': configuration(doors, system),
          '/var/log/exim4/mainlog': '',
          '/tls/server.pem': await file('server.pem'),
          '/tls/server.key': await file('server.key'),
          '/tls/ca.pem': await file('ca.pem'),
        },
      },
      atEnd,
    );
    const command = inRoot(
      root,
      'chown -R Debian-exim /var/log/exim4 /tls; tail -F -n +1 /var/log/exim4/mainlog & exec exim4 -bdf',
    );
    const server = await startServer(command, doors.full, /daemon started/, endRoot);
    atEnd(() => server.stop());
    return { ...server, doors, maildir: join(root, 'mail') };
  },
};

const MAILDIR = ['', 'new', 'cur', 'tmp'];

/** True where a connection came to this door. */
const atDoor = (port: number): string => `eq{$received_port}{${port}}`;

/** Hosts to whom an extension is offered: all, but at these doors. */
const offered = (...doors: readonly number[]): string =>
  `\${if or{${doors.map((port) => `{${atDoor(port)}}`).join('')}}{}{*}}`;

function configuration(doors: Doors, system: MailSystem): string {
  const options = [
    'primary_hostname = mail.peer.test',
    `local_interfaces = <; ${Object.values(doors)
      .map((port) => `127.0.0.1.${port}`)
      .join(' ; ')}`,
    'host_lookup =',
    'keep_environment =',
    'message_size_limit = 50M',
    'received_headers_max = 200',
    'log_file_path = /var/log/exim4/%slog',
    'tls_certificate = /tls/server.pem',
    'tls_privatekey = /tls/server.key',
    ...['tls', 'pipelining', 'dsn', 'smtputf8'].map(
      (name) => `${name}_advertise_hosts = ${offered(doors.bare)}`,
    ),
    // BDAT would pass by the refusal of DATA.
    `chunking_advertise_hosts = ${offered(doors.bare, doors.data)}`,
    'pipelining_connect_advertise_hosts =',
    ...STAGES.map((stage) => `acl_smtp_${ACLS[stage]} = at_${stage}`),
  ];
  return [
    ...options,
    'begin acl',
    ...STAGES.flatMap((stage) => [
      `at_${stage}:`,
      `  deny condition = \${if ${atDoor(doors[stage])}}`,
      `    message = ${REFUSALS[stage]}`,
      '  accept',
    ]),
    'begin routers',
    ...routers(),
    'begin transports',
    ...transports(system),
    'begin authenticators',
    'plain:',
    '  driver = plaintext',
    '  public_name = PLAIN',
    `  client_send = ^${LOGIN}^${system.accounts[LOGIN] ?? ''}`,
    '',
  ].join('\n');
}

const LOGIN = 'alice@example.test';

const ACLS: Readonly<Record<Stage, string>> = {
  connect: 'connect',
  mail: 'mail',
  rcpt: 'rcpt',
  data: 'predata',
  dot: 'data',
};

function routers(): readonly string[] {
  const router = (name: string, localParts: string, host: string): readonly string[] => [
    `${name}:`,
    '  driver = manualroute',
    '  domains = example.test',
    ...(localParts === '' ? [] : [`  local_parts = ${localParts}`]),
    `  route_list = * ${host}`,
    '  host_find_failed = defer',
    '  self = send',
    `  transport = ${name}`,
  ];
  return [
    ...router('submission', 'carol', 'localhost byname'),
    ...router('unwelcome', 'unwelcome', '127.0.0.1'),
    ...router('relay', '', '127.0.0.1'),
    'box:',
    '  driver = accept',
    '  transport = box',
  ];
}

function transports({ relay, submission }: MailSystem): readonly string[] {
  const smtp = (name: string, port: number, ...more: readonly string[]): readonly string[] => [
    `${name}:`,
    '  driver = smtp',
    `  port = ${port}`,
    '  allow_localhost',
    ...more,
  ];
  return [
    ...smtp('relay', relay.port, '  hosts_avoid_tls = *'),
    ...smtp('unwelcome', relay.port, `  interface = ${UNWELCOME}`),
    ...smtp(
      'submission',
      submission.port,
      '  hosts_require_auth = *',
      '  hosts_require_tls = *',
      '  tls_verify_certificates = /tls/ca.pem',
      '  tls_verify_hosts = *',
    ),
    'box:',
    '  driver = appendfile',
    '  directory = /mail',
    '  maildir_format',
    '  return_path_add',
    '  user = Debian-exim',
  ];
}
