/** `posthouse send` finds the stack of its directory, and shows what is said without secrets. */
import { expect, onTestFinished, test } from 'vitest';
import { posthouse } from './system/commands.ts';
import { stackProcess } from './system/stack-process.ts';

const ALICE = 'alice@example.test';
const PASSWORD = 'correct horse';

test('it submits to a configured stack, and --debug shows the conversation', async () => {
  const system = await stackProcess.start({ server: { hostname: 'localhost' } }, onTestFinished);
  const { directory, submission } = system;
  const send = (more: readonly string[], password: string) => {
    const message = ['--from', ALICE, '--to', 'bob@example.test', '--text', 'Hello'];
    return posthouse(directory, ['send', ...message, ...more], { POSTHOUSE_PASSWORD: password });
  };
  // Where it listens is not known before it runs: --server stands for the port alone here.
  const server = ['--server', `localhost:${submission.port}`, '--ca', 'ca.pem'];
  const { code, err } = await send([...server, '--debug'], PASSWORD);
  expect(code, err).toBe(0);
  expect(err).toMatch(/\* Connected to localhost [^]*\n> EHLO [^]*\n< 250 2\.0\.0 /);
  expect(err).toContain('> AUTH PLAIN (hidden)');
  for (const secret of [PASSWORD, Buffer.from(`\0${ALICE}\0${PASSWORD}`).toString('base64')]) {
    expect(err).not.toContain(secret);
  }

  const port0 = await send([], PASSWORD); // the file says port 0
  expect(port0.err).toContain('Nothing listens at port 0 of localhost');
  const without = await send(server, '');
  expect(without.err).toMatch(/530 5\.7\.0 .*POSTHOUSE_PASSWORD/);
  await system.stop();
});
