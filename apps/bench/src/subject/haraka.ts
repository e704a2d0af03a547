/**
 * Haraka from npm, one process, relaying: a queue of files, one sync for each message. It has no
 * mailboxes. Its plugins are one of ours, which takes everything and says where it goes, so that
 * no check of theirs is measured that the others do not make.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import type { SinkPlace, Subject } from './subject.ts';

/** Where `npm run bench:peers` puts it. From src and from dist it is as far. */
const PACKAGE = resolve(import.meta.dirname, '../../../../.tools/haraka/node_modules/Haraka');
const PROGRAM = join(PACKAGE, 'bin/haraka');

export const haraka: Subject = {
  name: 'haraka',
  destinations: ['sink'],
  obstacle: () =>
    Promise.resolve(existsSync(PROGRAM) ? undefined : 'haraka is not here: npm run bench:peers'),
  async start(setting) {
    const { directory, environment } = setting;
    const port = await freePort();
    await writeInstance(directory, port, setting.sink);
    const startedAt = now();
    const child = startChild({
      command: [...(setting.under ?? []), process.execPath, PROGRAM, '-c', directory],
      cwd: directory,
      logFile: join(directory, 'log'),
      environment,
    });
    await child.listening(port);
    return {
      pid: child.pid,
      startedAt,
      startedInMs: now() - startedAt,
      exchange: { port },
      stop: () => child.stop('SIGTERM'),
    };
  },
};

async function writeInstance(
  directory: string,
  port: number,
  sink: SinkPlace | undefined,
): Promise<void> {
  for (const each of ['config', 'plugins', 'queue']) {
    await mkdir(join(directory, each), { recursive: true });
  }
  // It does not start without these two, as they are shipped.
  for (const name of ['config/connection.ini', 'config/log.ini']) {
    await cp(join(PACKAGE, name), join(directory, name));
  }
  const files = {
    'config/smtp.ini': `listen=127.0.0.1:${port}\nnodes=0\n`,
    'config/me': 'bench.test\n',
    'config/plugins': 'bench\n',
    'plugins/bench.js': plugin(sink?.port ?? 9),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
}

/** Domains of the load have hosts of their own: see there. */
function plugin(port: number): string {
  return `'use strict';
exports.hook_mail = function (next, connection) {
  connection.relaying = true;
  next(OK);
};
exports.hook_rcpt = function (next) {
  next(OK);
};
exports.hook_get_mx = function (next, hmail, domain) {
  const number = Number(/^d(\\d+)\\.many/.exec(domain)?.[1] ?? Number.NaN);
  const distant = '127.1.' + Math.floor(number / 250) + '.' + ((number % 250) + 1);
  const exchange = Number.isNaN(number) ? '127.0.0.1' : distant;
  next(OK, { priority: 0, exchange, port: ${port} });
};
`;
}
