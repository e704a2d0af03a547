/**
 * strace on a process that runs: its system calls fail, are slow, or kill it. For Linux, and who
 * may trace it.
 *
 * Calls are counted from the moment of attaching, in each thread by itself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface TracedProcess {
  /** Resolves when it traces no more, be it that the process is gone. */
  readonly end: Promise<unknown>;
  /** Lets go of it; idempotent. */
  detach(): Promise<void>;
}

/**
 * Attaches.
 * @param calls names of system calls
 * @param inject what strace's `-e inject=` takes behind the calls: `error=EIO:when=3+5`
 * @throws Error where it cannot attach, in strace's words
 */
export async function interfere(
  pid: number,
  calls: readonly string[],
  inject: string,
): Promise<TracedProcess> {
  const names = calls.join(',');
  const args = ['-f', '-o', '/dev/null', '-e', `trace=${names}`, '-e', `inject=${names}:${inject}`];
  const strace = spawn('strace', [...args, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = once(strace, 'exit');
  const said: string[] = [];
  for await (const line of createInterface(strace.stderr)) {
    said.push(line);
    if (!line.includes('attached')) continue;
    strace.stderr.resume(); // of threads to come it tells too
    return {
      end,
      async detach() {
        strace.kill('SIGINT');
        await end;
      },
    };
  }
  throw new Error(`strace cannot attach to ${pid}: ${said.join(' ')}`);
}
