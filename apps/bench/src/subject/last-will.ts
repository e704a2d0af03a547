/**
 * What shall happen when this process is gone, however it goes: by Ctrl-C, by `kill -9`, with
 * its terminal. Subjects would run on otherwise, and Postfix with all its processes.
 *
 * A shell waits for it in a session of its own, where no terminal's signal reaches it: the pipe that
 * it reads from ends with us.
 */
import { spawn } from 'node:child_process';

/** Stands until it is revoked. */
export interface LastWill {
  /** Nothing shall happen. */
  revoke(): void;
  /** It shall happen now. */
  fulfil(): void;
}

const AFTER_US = 'while read -r _; do :; done\n';
/** Argument: the root of the tree. Who is stopped starts nobody in place of who was ended. */
const END_TREE = `end() {
  kill -STOP "$1" 2>/dev/null
  for each in $(cat /proc/"$1"/task/*/children 2>/dev/null); do end "$each"; done
  kill -KILL "$1" 2>/dev/null
}
end "$0"`;
/** Argument: the directory. Those who write in it may not have ended yet. */
const REMOVE = 'for turn in 1 2 3 4 5 6 7 8 9; do sleep 0.3; rm -rf -- "$0" && exit; done';

/** The process and all its descendants shall end (Linux). */
export function willEndTree(pid: number): LastWill {
  return willRun(END_TREE, String(pid));
}

/**
 * The directory shall be removed with all that is in it. What is mounted in private roots is mounted
 * there for those alone who run in them.
 */
export function willRemove(directory: string): LastWill {
  return willRun(REMOVE, directory);
}

function willRun(script: string, argument: string): LastWill {
  const command = ['-c', AFTER_US + script, argument];
  const shell = spawn('sh', command, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  // Where there is no shell, there is no will.
  shell.on('error', () => undefined);
  return { revoke: () => void shell.kill(), fulfil: () => void shell.stdin.end() };
}
