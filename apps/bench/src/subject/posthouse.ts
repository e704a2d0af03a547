/**
 * Posthouse as it is shipped: the built `posthouse up`, one process, queue on the disk, the
 * log at its default level. Nothing is set but where it listens, lies and relays to.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MAILBOX, distantDomain, distantHost } from '../load/load.ts';
import { multiplyInStore } from '../backlog/posthouse-copies.ts';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import type { Subject, SubjectSetting } from './subject.ts';

const run = promisify(execFile);
const PASSWORD = 'bench-secret';
/** As `npm start` and the first line of the program have it. */
const V8_FLAGS: readonly string[] = [
  '--max-semi-space-size=16',
  '--no-parallel-scavenge',
  '--max-old-space-size=1024',
];
// From src and from dist it is as far.
const main: string = resolve(import.meta.dirname, '../../../stack/dist/main.js');

export const posthouse: Subject = {
  name: 'posthouse',
  obstacle: () =>
    Promise.resolve(existsSync(main) ? undefined : 'posthouse is not built: npm run build'),
  multiply: (directory, copies) => multiplyInStore(join(directory, 'state/queue'), copies),
  async start(setting) {
    await mkdir(setting.directory, { recursive: true });
    const ports = {
      exchange: await freePort(),
      submission: await freePort(),
      lmtp: await freePort(),
    };
    const file = join(setting.directory, 'posthouse.toml');
    await writeFile(file, configuration(setting, ports));
    if (!existsSync(join(setting.directory, 'state/accounts'))) await addAccount(file);
    const profile = setting.profileDirectory;
    const flags =
      profile === undefined
        ? []
        : ['--cpu-prof', '--cpu-prof-dir', profile, '--enable-source-maps'];
    const startedAt = now();
    const program = [process.execPath, ...V8_FLAGS, ...flags, main, 'up', '--config', file];
    const child = startChild({
      command: [...(setting.under ?? []), ...program],
      cwd: setting.directory,
      logFile: join(setting.directory, 'log'),
      environment: setting.environment,
    });
    await child.listening(ports.exchange);
    const startedInMs = now() - startedAt;
    return {
      pid: child.pid,
      startedAt,
      startedInMs,
      exchange: { port: ports.exchange },
      lmtp: { port: ports.lmtp, protocol: 'lmtp' },
      submission: { port: ports.submission, login: { user: MAILBOX, password: PASSWORD } },
      mailbox: join(setting.directory, 'state/mail/local.test/box/Maildir/new'),
      stop: () => child.stop('SIGTERM'),
    };
  },
};

interface Ports {
  readonly exchange: number;
  readonly submission: number;
  readonly lmtp: number;
}

function configuration(setting: SubjectSetting, ports: Ports): string {
  return `[server]
hostname = "bench.test"
state_directory = "state"
[domains]
own = ["local.test"]
[submission]
listen = "127.0.0.1:${ports.submission}"
listen_tls = "off"
[relay]
listen = "127.0.0.1:${ports.exchange}"
trusted_networks = ["127.0.0.0/8"]
${relaying(setting)}[delivery]
listen = "127.0.0.1:${ports.lmtp}"
`;
}

function relaying({ sink }: SubjectSetting): string {
  if (sink === undefined) return '';
  const hop = (host: string): string => `{ host = "${host}", port = ${sink.port}, tls = "off" }`;
  if (sink.domains === 1) return `outbound = "relayhost"\nrelayhost = ${hop('127.0.0.1')}\n`;
  const routes = Array.from(
    { length: sink.domains },
    (_, index) => `"${distantDomain(index)}" = ${hop(distantHost(index))}`,
  );
  return `[relay.routes]\n${routes.join('\n')}\n`;
}

async function addAccount(file: string): Promise<void> {
  const adding = run(process.execPath, [main, 'user', 'add', MAILBOX, '--config', file]);
  adding.child.stdin?.end(`${PASSWORD}\n`);
  await adding;
}
