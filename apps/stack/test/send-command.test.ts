/** `posthouse send` finds the stack of its directory, and shows what is said without secrets. */
import { expect, onTestFinished, test } from 'vitest';
import { run } from './interop/program.ts';
import { POSTHOUSE, stackProcess } from './system/stack-process.ts';

const ALICE = 'alice@example.test';
const PASSWORD = 'correct horse';

test('it submits to a configured stack, and --debug shows the conversation', async () => {
  const system = await stackProcess.start({ server: { hostname: 'localhost' } }, onTestFinished);
  const { directory, submission } = system;
  const send = (more: readonly string[], password: string) => {
    const message = ['--from', ALICE, '--to', 'bob@example.test', '--text', 'Hello'];
    const args = ['--conditions=@posthouse/source', POSTHOUSE, 'send', ...message, ...more];
    const environment = { POSTHOUSE_PASSWORD: password };
    return run({ program: process.execPath, args, environment }, directory);
  };
  // Where it listens is not known before it runs: --server stands for the port alone here.
  const server = ['--server', `localhost:${submission.port}`, '--ca', 'ca.pem'];
  const { exitCode, screen } = await send([...server, '--debug'], PASSWORD);
  expect(exitCode, screen).toBe(0);
  expect(screen).toMatch(/\* Connected to localhost [^]*\n> EHLO [^]*\n< 250 2\.0\.0 /);
  expect(screen).toContain('> AUTH PLAIN (hidden)');
  for (const secret of [PASSWORD, Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')]) {
    expect(screen).not.toContain(secret);
  }

  const port0 = await send([], PASSWORD); // the file says port 0
  expect(port0.screen).toContain('Nothing listens at port 0 of localhost');
  const without = await send(server, '');
  expect(without.screen).toMatch(/530 5\.7\.0 .*POSTHOUSE_PASSWORD/);
  await system.stop();
});
