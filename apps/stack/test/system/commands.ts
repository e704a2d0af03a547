/**
 * The `posthouse` command as it is typed, in this process: the same way from the words to the
 * exit code, without the time that a process needs to start. One at a time.
 */
import { Writable } from 'node:stream';
import { runCommand } from '../../src/command/run-command.ts';

/** What a command said, and how it ended. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `posthouse` with these words in a directory. @param environment beside that of the tests */
export async function posthouse(
  directory: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const [out, err] = [listen('stdout'), listen('stderr')];
  const [home, before] = [process.cwd(), process.env];
  process.chdir(directory);
  process.env = { ...before, ...environment };
  try {
    const code = await runCommand(words, { version: '0.0.0' });
    return { code, out: out.heard(), err: err.heard() };
  } finally {
    process.chdir(home);
    process.env = before;
    out.end();
    err.end();
  }
}

/** Puts another stream in the place of a standard one, and what was there back at the end. */
function listen(name: 'stderr' | 'stdout') {
  const chunks: Buffer[] = [];
  const value = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const { [name]: before } = Object.getOwnPropertyDescriptors(process);
  Object.defineProperty(process, name, { value, configurable: true });
  return {
    heard: () => Buffer.concat(chunks).toString(),
    end: () => void Object.defineProperty(process, name, before),
  };
}
