/** Programs of this host, which have no login: they call sendmail, whether a stack runs or not. */
import { expect, onTestFinished, test } from 'vitest';
import { run } from './interop/program.ts';
import { readStored } from './system/mailbox.ts';
import { installSendmail } from './system/sendmail.ts';
import { stackProcess } from './system/stack-process.ts';

const BOB = 'bob@example.test';

test('sendmail hands mail to the stack, and keeps it while there is none', async () => {
  const system = await stackProcess.start({}, onTestFinished);
  const { directory } = system;
  const program = await installSendmail(directory);
  const call = (args: readonly string[], input = '') => run({ program, args, input }, directory);

  const first = await call(['-i', '-FCronDaemon', '-oem', 'bob'], 'Subject: first\n\nx\n');
  expect(first).toMatchObject({ exitCode: 0, screen: '' });
  const { path } = await system.logs.delivery.next('delivered', { recipient: BOB });
  const message = await readStored(String(path));
  expect(message.values('from')).toEqual([
    expect.stringMatching(/^CronDaemon <\S+@example.test>$/),
  ]);
  expect(message.values('received')).toEqual([expect.stringContaining('(local)')]);

  const refused = await call(['nobody'], 'x\n');
  expect(refused).toMatchObject({ exitCode: 67 });
  expect(refused.screen).toContain('nobody@example.test: 550 5.1.1 ');

  const { submission: stack } = system.agents;
  await stack.stop();
  const late = await call(['-t', '-falice'], 'To: bob, nobody\nSubject: late\n\nx\n');
  expect(late).toMatchObject({ exitCode: 0, screen: '' });
  expect((await call(['-bp'])).output).toMatch(/alice@example.test\n.*\n {4}bob@example.test\n/);
  expect(await call(['-q'])).toMatchObject({ exitCode: 75 });

  await stack.restart();
  const arrived = await system.logs.delivery.next('delivered', { recipient: BOB });
  const afterwards = await readStored(String(arrived['path']));
  expect(afterwards.values('subject')).toEqual(['late']);
  // The one who got nothing is told to the author, with the next look into the spool.
  expect(await call(['-q'])).toMatchObject({ exitCode: 0 });
  const told = await system.logs.delivery.next('delivered', { reversePath: '<>' });
  expect((await readStored(String(told['path']))).text).toContain('nobody@example.test');
  expect((await call(['-bp'])).output).toContain('Mail queue is empty');
  await system.stop();
});
