/**
 * What this runtime and the library under our listener can do at most: smtp-server alone,
 * greeting at once, that reads every message and throws it away. It keeps no promise to
 * anybody, so nothing that stores mail on it can be as fast.
 */
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import type { Subject } from './subject.ts';

export const ceiling: Subject = {
  name: 'ceiling',
  remark: 'a bare smtp-server that throws mail away',
  destinations: [],
  obstacle: () => Promise.resolve(undefined),
  async start(setting) {
    await mkdir(setting.directory, { recursive: true });
    const port = await freePort();
    const program = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
    const startedAt = now();
    const child = startChild({
      command: [...(setting.under ?? []), ...program, 'serve-ceiling', String(port)],
      cwd: setting.directory,
      logFile: join(setting.directory, 'log'),
      environment: setting.environment,
    });
    await child.listening(port);
    const startedInMs = now() - startedAt;
    return {
      pid: child.pid,
      startedAt,
      startedInMs,
      exchange: { port },
      stop: () => child.stop('SIGTERM'),
    };
  },
};

/** The library waits 100 ms for talkers before it greets; this connection does not. */
class PromptConnection extends SMTPConnection {
  override init(): void {
    this._setListeners(() => this.connectionReady());
  }
}

class PromptServer extends SMTPServer {
  override connect(...[socket, options]: Parameters<SMTPServer['connect']>): void {
    const connection = new PromptConnection(this, socket, options ?? {});
    this.connections.add(connection);
    connection.on('error', () => socket.destroy());
    connection.init();
  }
}

/** Runs the server in this process until it is ended. */
export function serveCeiling(port: number): void {
  const server = new PromptServer({
    logger: false,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onData(stream, _session, callback) {
      stream.on('end', () => callback());
      stream.resume();
    },
  });
  server.listen(port, '127.0.0.1');
}
