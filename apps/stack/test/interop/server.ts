/**
 * A server that is not ours, in the foreground, and what it says to be waited for. It is ended by
 * process id.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Command } from './program.ts';

export interface Server {
  readonly port: number;
  /** All lines so far. */
  readonly lines: readonly string[];
  /**
   * The first line that matches and that nobody has waited for.
   * @throws where the server ends first
   */
  said(pattern: RegExp): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts one and waits until it says that it is ready.
 * @param kill where its own process is not what must be told to end
 */
export async function startServer(
  { args, program }: Command,
  port: number,
  ready: RegExp,
  kill: (pid: number) => void = (pid) => process.kill(pid),
): Promise<Server> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const unread: string[] = [];
  const news = new EventTarget();
  let ended: Error | undefined;
  const hear = (line: string): void => {
    lines.push(line);
    unread.push(line);
    news.dispatchEvent(new Event('change'));
  };
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', hear);
  child.once('close', () => {
    ended = new Error(`${program} has ended: ${lines.join('\n')}`);
    news.dispatchEvent(new Event('change'));
  });
  await once(child, 'spawn');

  const server: Server = {
    port,
    lines,
    async said(pattern) {
      for (;;) {
        const place = unread.findIndex((line) => pattern.test(line));
        const [line] = place === -1 ? [] : unread.splice(place, 1);
        if (line !== undefined) return line;
        if (ended !== undefined) throw ended;
        await once(news, 'change');
      }
    },
    async stop() {
      if (ended !== undefined) return;
      const end = once(child, 'close');
      if (child.pid !== undefined) kill(child.pid);
      await end;
    },
  };
  await server.said(ready);
  return server;
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new TypeError('a socket has a port');
  return address.port;
}
