/**
 * An access token by a command: it writes the token, or the JSON of a token endpoint, to its
 * standard output and ends with 0.
 *
 * No shell is between: the words are given as they are. What it writes elsewhere is not read; it is
 * killed when it takes too long or says too much.
 */
import { execFile } from 'node:child_process';
import { readTokenAnswer } from './token-answer.ts';
import type { TokenAnswer } from './token-answer.ts';

export interface TokenCommand {
  readonly kind: 'command';
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 65_536;

/** Runs it. @throws Error that may be shown */
export async function askCommand({ command, timeoutMs }: TokenCommand): Promise<TokenAnswer> {
  const [program, ...words] = command;
  if (program === undefined) throw new TypeError('there is no command');
  const options = {
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_ANSWER_BYTES,
    windowsHide: true,
  } as const;
  const answer = await new Promise<string>((resolve, reject) => {
    execFile(program, words, options, (error, out) => {
      if (error === null) resolve(out);
      else reject(new Error(`the token command ${program} ${whyNot(error, timeoutMs)}`));
    });
  });
  return readTokenAnswer(answer);
}

/** In our words: the error's own message has the arguments, and perhaps what the program wrote. */
function whyNot(
  error: { readonly code?: unknown; readonly killed?: boolean; readonly signal?: unknown },
  timeoutMs: number,
): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'said too much';
  if (error.killed === true) return `took longer than ${timeoutMs} ms`;
  if (typeof error.code === 'string') return `cannot be run: ${error.code}`;
  return `ended with ${String(error.code ?? error.signal)}`;
}
