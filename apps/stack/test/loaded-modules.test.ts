/** What is loaded at the start of a process: what nobody needs there costs each start time and memory. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** The files and built-in modules that are there when one of our sources has been loaded. */
async function loadedBy(source: string): Promise<readonly string[]> {
  const program = `
    import { createRequire } from 'node:module';
    await import(${JSON.stringify(source)});
    const { cache } = createRequire(import.meta.url);
    console.log(JSON.stringify([...process.moduleLoadList, ...Object.keys(cache)]));`;
  const { stdout } = await run(
    process.execPath,
    ['--conditions=@posthouse/source', '--input-type=module', '--eval', program],
    { cwd: import.meta.dirname },
  );
  return JSON.parse(stdout) as readonly string[]; // printed by the program above
}

test.each([
  ['the stack', '../src/command/up.ts', /undici|mailparser/],
  ['a command of the queue', '../src/command/queue.ts', /undici|smtp-server|pino|node:sqlite/],
  ['sendmail', '../src/command/sendmail.ts', /undici|smtp-server|pino|mime-node/],
])('%s loads nothing that it does not need', async (_, source, needless) => {
  const loaded = await loadedBy(new URL(source, import.meta.url).href);
  expect(loaded).toContainEqual(expect.stringMatching(/^NativeModule path$/));
  expect(loaded.filter((name) => needless.test(name))).toEqual([]);
});
