/**
 * Postfix from Debian as a private instance: own queue, own log, own ports, started and
 * stopped with its own configuration directory. The machine's own Postfix is not touched.
 *
 * Stock settings but for what would measure something else: no DNS, no greylisting pause
 * between its processes (in_flow_delay), processes for a hundred sessions, messages of up to
 * 50 MB. It must be started as root; its log-ins are answered by us (see sasl-server).
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MAILBOX, distantDomain, distantHost } from '../load/load.ts';
import { multiplyInSpool } from '../backlog/postfix-copies.ts';
import { now } from '../meter/clock.ts';
import { freePort, pause, startChild } from './child.ts';
import { PASSWORD, startSaslServer } from './sasl-server.ts';
import type { Subject, SubjectSetting } from './subject.ts';

const run = promisify(execFile);
const DAEMONS = '/usr/lib/postfix/sbin';
const MAIL_USER = 5000;
const DEFERRAL_DEADLINE_MS = 30_000;
const DEFERRAL_LOOK_MS = 100;
/** What its daemons see of the environment by default, and nothing else. */
const IMPORTED =
  'MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME';

export const postfix: Subject = {
  name: 'postfix',
  obstacle() {
    if (!existsSync(`${DAEMONS}/master`)) {
      return Promise.resolve('postfix is not installed: apt-get install postfix');
    }
    return Promise.resolve(
      process.getuid?.() === 0 ? undefined : 'postfix can only be started by root',
    );
  },
  multiply: (directory, copies) => multiplyInSpool(join(directory, 'spool'), copies),
  async start(setting) {
    const { directory } = setting;
    const etc = join(directory, 'etc');
    await makeDirectories(directory, etc);
    const ports = { exchange: await freePort(), submission: await freePort() };
    const sasl = await startSaslServer();
    await makeCertificate(etc);
    await writeFile(join(etc, 'main.cf'), mainSettings(setting, sasl.port));
    await writeFile(join(etc, 'master.cf'), await services(ports));
    await writeFile(join(etc, 'mailboxes'), `${MAILBOX} box/\n`);
    await writeFile(join(etc, 'transport'), transports(setting));
    for (const map of ['mailboxes', 'transport']) {
      await run('postmap', ['-c', etc, `hash:${join(etc, map)}`]);
    }
    const startedAt = now();
    const child = startChild({
      command: [...(setting.under ?? []), 'postfix', '-c', etc, 'start-fg'],
      cwd: directory,
      logFile: join(directory, 'output'),
      environment: setting.environment,
    });
    await child.listening(ports.exchange);
    const startedInMs = now() - startedAt;
    return {
      pid: child.pid,
      startedAt,
      startedInMs,
      exchange: { port: ports.exchange },
      submission: { port: ports.submission, login: { user: MAILBOX, password: PASSWORD } },
      mailbox: join(directory, 'vmail/box/new'),
      deferred: () => deferral(join(directory, 'spool/deferred')),
      async stop() {
        await run('postfix', ['-c', etc, 'stop']);
        await child.stop('SIGTERM');
        await sasl.stop();
      },
    };
  },
};

/** Resolves when there is something in the queue of deferred mail. */
async function deferral(deferred: string): Promise<void> {
  const deadline = now() + DEFERRAL_DEADLINE_MS;
  for (;;) {
    const entries = await readdir(deferred, { recursive: true, withFileTypes: true });
    if (entries.some((entry) => entry.isFile())) return;
    if (now() > deadline) throw new Error('postfix does not defer a message');
    await pause(DEFERRAL_LOOK_MS);
  }
}

async function makeDirectories(directory: string, etc: string): Promise<void> {
  for (const folder of [etc, join(directory, 'spool'), join(directory, 'data')]) {
    await mkdir(folder, { recursive: true });
  }
  const mail = join(directory, 'vmail');
  await mkdir(join(mail, 'box/new'), { recursive: true });
  for (const folder of ['', 'box', 'box/new', 'box/cur', 'box/tmp']) {
    await mkdir(join(mail, folder), { recursive: true });
    await chown(join(mail, folder), MAIL_USER, MAIL_USER);
  }
  await run('chown', ['postfix', join(directory, 'data')]);
}

async function makeCertificate(etc: string): Promise<void> {
  const files = ['-keyout', join(etc, 'key.pem'), '-out', join(etc, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', [
    'req',
    '-x509',
    ...kind,
    ...files,
    '-days',
    '2',
    '-subj',
    '/CN=bench.test',
  ]);
}

function mainSettings(
  { directory, environment = {}, sink: place }: SubjectSetting,
  saslPort: number,
): string {
  const kept = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const sink = `smtp:[127.0.0.1]:${place?.port ?? 9}`;
  return `compatibility_level = 3.6
queue_directory = ${directory}/spool
data_directory = ${directory}/data
command_directory = /usr/sbin
daemon_directory = ${DAEMONS}
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
import_environment = ${[IMPORTED, ...kept].join(' ')}
maillog_file = ${directory}/mail.log
maillog_file_prefixes = /var, /tmp, ${directory}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = bench.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = local.test
virtual_mailbox_base = ${directory}/vmail
virtual_mailbox_maps = hash:${directory}/etc/mailboxes
virtual_uid_maps = static:${MAIL_USER}
virtual_gid_maps = static:${MAIL_USER}
virtual_minimum_uid = 100
relay_domains = sink.test, many.test
transport_maps = hash:${directory}/etc/transport
relay_transport = ${sink}
default_transport = ${sink}
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
default_process_limit = 120
in_flow_delay = 0
message_size_limit = 52428800
virtual_mailbox_limit = 0
smtpd_tls_cert_file = ${directory}/etc/cert.pem
smtpd_tls_key_file = ${directory}/etc/key.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${saslPort}
`;
}

/** A host of its own for each of many domains. */
function transports({ sink }: SubjectSetting): string {
  if (sink === undefined || sink.domains === 1) return '';
  const { domains, port } = sink;
  return Array.from(
    { length: domains },
    (_, index) => `${distantDomain(index)} smtp:[${distantHost(index)}]:${port}\n`,
  ).join('');
}

/** The services that Debian ships, none of them in a chroot, on our ports. */
async function services(ports: { exchange: number; submission: number }): Promise<string> {
  const stock = await readFile('/usr/share/postfix/master.cf.dist', 'utf8');
  const kept = stock
    .split('\n')
    .filter((line) => /^[a-z]/.test(line) && !line.startsWith('smtp      inet'))
    .map((line) => line.replace(/^(\S+\s+\S+\s+\S+\s+\S+\s+)[-yn]/, '$1n'))
    // Pipes to programs that are not here.
    .filter((line) => !/\spipe$/.test(line));
  const enforced =
    '-o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject';
  return `${kept.join('\n')}
127.0.0.1:${ports.exchange} inet n - n - - smtpd
127.0.0.1:${ports.submission} inet n - n - - smtpd ${enforced}
`;
}
