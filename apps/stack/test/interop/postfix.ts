/**
 * Debian's Postfix as an instance of its own: everything in one directory, on one port of loopback,
 * without DNS and without the system's configuration. Needs root, as Postfix does.
 */
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AtEnd } from '../system/mail-system.ts';
import { mustRun } from './program.ts';
import { startServer } from './server.ts';
import type { Server } from './server.ts';

/** Programs that it needs. */
export const POSTFIX: readonly string[] = ['root', 'postfix', 'smtp-source', 'smtp-sink'];

export interface Postfix extends Server {
  /** The one Maildir that all its mail goes into. */
  readonly maildir: string;
}

/** What main.cf says here, beside what the caller adds. */
function settings(directory: string): Readonly<Record<string, string>> {
  return {
    compatibility_level: '3.6',
    queue_directory: join(directory, 'spool'),
    data_directory: join(directory, 'data'),
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    shlib_directory: '/usr/lib/postfix',
    meta_directory: '/etc/postfix',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: '/dev/stdout',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'mail.peer.test',
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    alias_maps: '',
    virtual_mailbox_domains: 'peer.test, secure.peer.test',
    virtual_mailbox_base: join(directory, 'mail'),
    virtual_mailbox_maps: 'static:Maildir/',
    virtual_minimum_uid: '100',
    default_transport: 'error:nothing leaves this machine',
    smtp_dns_support_level: 'disabled',
    smtp_host_lookup: 'native',
    smtpd_peername_lookup: 'no',
  };
}

/** master.cf without chroot: the services that the tests meet. */
function services(port: number): string {
  const unix = (name: string, program = name, wakeUp = '-', max = '-'): string =>
    `${name} unix ${name === 'qmgr' || name === 'cleanup' || name === 'pickup' ? 'n' : '-'} - n ${wakeUp} ${max} ${program}`;
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    unix('pickup', 'pickup', '60', '1'),
    unix('cleanup', 'cleanup', '-', '0'),
    unix('qmgr', 'qmgr', '300', '1'),
    unix('tlsmgr', 'tlsmgr', '1000?', '1'),
    unix('rewrite', 'trivial-rewrite'),
    ...['bounce', 'defer', 'trace'].map((name) => unix(name, 'bounce', '-', '0')),
    ...['verify', 'proxymap', 'smtp', 'error', 'anvil', 'scache'].map((name) => unix(name)),
    unix('retry', 'error'),
    'virtual unix - n n - - virtual',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n');
}

/** Starts it on this port. */
export async function startPostfix(
  port: number,
  own: Readonly<Record<string, string>>,
  atEnd: AtEnd,
): Promise<Postfix> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-postfix-'));
  atEnd(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const id = async (...args: readonly string[]): Promise<number> =>
    Number(await mustRun({ program: 'id', args }, directory));
  const [owner, nobody, group] = [
    await id('-u', 'postfix'),
    await id('-u', 'nobody'),
    await id('-g', 'nobody'),
  ];
  for (const name of ['etc', 'spool', 'data', 'mail']) await mkdir(join(directory, name));
  await chown(join(directory, 'data'), owner, 0);
  await chown(join(directory, 'mail'), nobody, group);
  const ids = { virtual_uid_maps: `static:${nobody}`, virtual_gid_maps: `static:${group}` };
  const main = Object.entries({ ...settings(directory), ...ids, ...own });
  const configuration = join(directory, 'etc');
  await writeFile(
    join(configuration, 'main.cf'),
    main.map((pair) => `${pair.join(' = ')}\n`).join(''),
  );
  await writeFile(join(configuration, 'master.cf'), services(port));
  await writeFile(
    join(configuration, 'dynamicmaps.cf'),
    await readFile('/etc/postfix/dynamicmaps.cf'),
  );
  // Its log goes to a pipe by way of cat: it cannot open the sockets that our children write to.
  const inForeground = 'exec postfix -c "$0" start-fg > >(exec cat) 2>&1';
  const command = { program: 'bash', args: ['-c', inForeground, configuration] };
  // What runs in the foreground is a shell that waits for the master.
  const masterPid = join(directory, 'spool', 'pid', 'master.pid');
  const kill = (): boolean => process.kill(Number(readFileSync(masterPid, 'utf8')));
  const server = await startServer(command, port, /daemon started/, kill);
  atEnd(() => server.stop());
  return { ...server, maildir: join(directory, 'mail', 'Maildir') };
}
