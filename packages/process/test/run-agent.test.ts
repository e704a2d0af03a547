import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configure, startSample, workplace } from './sample-agent.ts';

describe('starting', () => {
  test('says when it is ready, and where its configuration is from', async () => {
    const directory = await workplace('word = hello\n');
    const child = startSample(directory, ['-g', 'hi']);
    expect(await child.log.next('ready')).toMatchObject({
      level: 'info',
      name: 'sample',
      pid: child.process.pid,
      word: 'hello',
      greeting: 'hi',
      path: join(directory, 'posthouse.toml'),
      msg: 'sample is ready',
    });
  });

  test('needs no file, unless one was named', async () => {
    const directory = await workplace();
    const child = startSample(directory);
    expect(await child.log.next('ready')).toMatchObject({ word: 'well' });
    const named = await startSample(directory, ['--config', 'other.toml']).end;
    expect(named.code).toBe(66);
    expect(named.stderr).toContain('other.toml: there is no such file');
    const variable = await startSample(directory, [], { env: { POSTHOUSE_CONFIG: 'more.toml' } })
      .end;
    expect(variable).toMatchObject({ code: 66, stdout: '' });
  });

  test('with mistakes in the configuration shows them all, and ends with 78', async () => {
    const child = startSample(await workplace('a = b\nnot right\n\tand more\n'));
    const { code, stdout, stderr } = await child.end;
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toBe(`posthouse.toml:2:2 x
  Not a pair
  2 | not right
       ^
  Write key = value

posthouse.toml:3:2 x
  Not a pair
  3 |  and more
       ^
  Write key = value

posthouse.toml has 2 mistakes.
`);
  });

  test.each([
    ['fault', 70, 'sample did not start: a fault at the start'],
    ['unavailable', 69, 'sample did not start: Nobody is there'],
    [
      'in use',
      69,
      'sample did not start: [::]:25 is in use: is another Posthouse running? Stop it, or set another "listen"',
    ],
  ])('that fails (%s) is a line in the log and the exit code %i', async (start, code, msg) => {
    const child = startSample(await workplace(`start = ${start}\n`));
    expect(await child.log.next('not-started')).toMatchObject({ level: 'error', msg });
    expect((await child.end).code).toBe(code);
  });
});

describe('the command line', () => {
  test.each([
    [['--version'], 0, 'sample 1.2.3\n', ''],
    [['--check'], 0, 'The default configuration is right\n', ''],
    [
      ['--config', 'a', '--config', 'b'],
      64,
      '',
      /^--config is given twice: give it once\nTry --help/,
    ],
    [['--nonsense'], 64, '', /Unknown option '--nonsense'.*\nTry --help\.\n$/],
    [['stray'], 64, '', /stray/],
  ])('%j', async (args, code, stdout, stderr) => {
    const ended = await startSample(await workplace(), args).end;
    expect(ended).toMatchObject({ code, stdout });
    expect(ended.stderr).toMatch(stderr);
  });

  test('--check tells mistakes', async () => {
    expect((await startSample(await workplace('wrong'), ['--check']).end).code).toBe(78);
  });

  test('--help shows every option', async () => {
    const { code, stdout } = await startSample(await workplace(), ['--help']).end;
    expect(code).toBe(0);
    expect(stdout).toBe(`sample [options]

Does what its configuration says.

Options:
  -g, --greeting <value>  a word at the start
  -c, --config <value>    configuration file; else $POSTHOUSE_CONFIG, else ./posthouse.toml if it is there
      --check             check the configuration and end
  -h, --help              show this text
      --version           show the version
`);
  });
});

describe('stopping', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s stops the agent, and the log is whole',
    async (signal) => {
      const child = startSample(await workplace());
      await child.log.next('ready');
      child.signal(signal);
      expect(await child.end).toMatchObject({
        code: 0,
        stderr: '',
        events: ['starting', 'ready', 'stopping', 'agent-stopped', 'stopped'],
      });
    },
  );

  test('the same wish twice at a time is one, and after a second it ends the process', async () => {
    const child = startSample(await workplace('stop = never\n'));
    await child.log.next('ready');
    child.signal('SIGTERM');
    child.signal('SIGINT');
    await child.log.next('stopping');
    const repeat = setInterval(() => child.signal('SIGTERM'), 100);
    const { code, events } = await child.end;
    clearInterval(repeat);
    expect(code).toBe(143);
    expect(events).toEqual(['starting', 'ready', 'stopping', 'stopped-at-once']);
  });

  test('while it starts makes it give up', async () => {
    const child = startSample(await workplace('start = slow\n'));
    await child.log.next('still-starting');
    child.signal('SIGTERM');
    expect(await child.end).toMatchObject({
      code: 0,
      events: ['starting', 'still-starting', 'stopping', 'stopped'],
    });
  });

  test('that meets a fault is told, with the exit code 70', async () => {
    const child = startSample(await workplace('stop = fault\n'));
    await child.log.next('ready');
    child.signal('SIGTERM');
    expect(await child.log.next('stop-failed')).toMatchObject({
      err: { message: 'a fault at the stop' },
    });
    expect((await child.end).code).toBe(70);
  });

  test('a parent that disappears stops it, where there is a channel to it', async () => {
    const child = startSample(await workplace(), [], { ipc: true });
    await child.log.next('ready');
    child.process.disconnect();
    expect(await child.log.next('stopping')).toMatchObject({ reason: 'parent gone' });
    expect((await child.end).code).toBe(0);
  });

  test.each([
    ['exception', 'uncaught-exception', 'out of nowhere'],
    ['rejection', 'unhandled-rejection', 'lost'],
  ])(
    'a fault that nobody caught (%s) is logged, and stops it in good manners',
    async (after, event, message) => {
      const child = startSample(await workplace(`after = ${after}\n`));
      expect(await child.log.next(event)).toMatchObject({ level: 'error', err: { message } });
      const { code, events } = await child.end;
      expect(code).toBe(70);
      expect(events.slice(-2)).toEqual(['agent-stopped', 'stopped']);
    },
  );
});

describe.skipIf(process.platform === 'win32')('reloading', () => {
  test('SIGHUP gives the agent the new configuration, and the log its level', async () => {
    const directory = await workplace('word = one\n');
    const child = startSample(directory);
    await child.log.next('ready');
    await configure(directory, 'word = two\nlevel = debug\n');
    child.signal('SIGHUP');
    await child.log.next('reloaded');
    await configure(directory, 'word = three\nlevel = debug\n');
    child.signal('SIGHUP');
    expect(await child.log.next('agent-reloaded')).toMatchObject({ word: 'three' });
    await child.log.next('reloaded');
    child.signal('SIGTERM');
    expect(await child.log.next('agent-stopped')).toMatchObject({ word: 'three' });
  });

  test('mistakes are logged, and the old configuration stays', async () => {
    const directory = await workplace('word = one\n');
    const child = startSample(directory);
    await child.log.next('ready');
    for (const text of ['word = two\nwrong\n', 'word = three\nreload = fault\n']) {
      await configure(directory, text);
      child.signal('SIGHUP');
      await child.log.next('reload-failed');
    }
    expect(await child.log.next('configuration-problem')).toMatchObject({
      line: 2,
      fix: 'Write key = value',
      msg: 'Not a pair',
    });
    child.signal('SIGTERM');
    expect(await child.log.next('agent-stopped')).toMatchObject({ word: 'one' });
  });
});

describe('the log', () => {
  test('that nobody reads stops neither the agent nor its end', async () => {
    const child = startSample(await workplace('after = chatter\n'));
    await child.log.next('starting');
    child.process.stdout?.pause();
    child.signal('SIGTERM');
    await once(child.process, 'exit');
    child.process.stdout?.resume();
    expect((await child.end).code).toBe(0);
  });

  test('beyond what can be kept is dropped, and how much is told', async () => {
    const child = startSample(await workplace('after = chatter\n'));
    const dropped = Number((await child.log.next('log-lines-dropped'))['lines']);
    child.signal('SIGTERM');
    const { events } = await child.end;
    expect(dropped).toBeGreaterThan(0);
    const read = events.filter((name) => name === 'chatter' || name === 'ready');
    expect(read.length + dropped).toBe(300_001);
  });

  test('whose reader is gone goes nowhere, and the agent goes on', async () => {
    const child = startSample(await workplace('after = chatter\n'));
    await child.log.next('starting');
    child.process.stdout?.destroy();
    child.signal('SIGTERM');
    const [code] = (await once(child.process, 'exit')) as [number | null];
    expect(code).toBe(0);
  });

  test('is plain where the configuration says so', async () => {
    const child = startSample(await workplace('format = plain\nstart = unavailable\n'));
    expect((await child.end).stdout).toMatch(
      /^\d\d:\d\d:\d\d info {2}Starting sample {2}version=1\.2\.3 .*\n\d\d:\d\d:\d\d error sample did not start: Nobody is there\n$/,
    );
  });
});
