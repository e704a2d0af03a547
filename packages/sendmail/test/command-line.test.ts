import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../src/command-line.ts';

const read = (line: string, name = 'sendmail') => readCommandLine(line.split(' '), name);

describe('how programs call sendmail', () => {
  it.each([
    [
      'Debian cron',
      '-i -FCronDaemon -B8BITMIME -oem root',
      { fullName: 'CronDaemon', body: '8BITMIME', errors: 'mail', recipients: ['root'] },
    ],
    ['PHP', '-t -i', { readsRecipients: true, ignoresDots: true, recipients: [] }],
    ['PHP with a fifth parameter', '-t -i -fwww@a.test', { author: 'www@a.test' }],
    ['mutt', '-oem -oi -f a@b.test -- c@d.test', { author: 'a@b.test', recipients: ['c@d.test'] }],
    [
      'mutt with dsn',
      '-oem -oi -N failure,delay -R hdrs -- c@d.test',
      {
        notify: ['failure', 'delay'],
        ret: 'HDRS',
      },
    ],
    ['git', '-i c@d.test e@f.test', { recipients: ['c@d.test', 'e@f.test'] }],
    ['git with an envelope sender', '-f a@b.test -i c@d.test', { author: 'a@b.test' }],
    ['bsd-mailx', '-i -m c@d.test', { ignoresDots: true, recipients: ['c@d.test'] }],
    ['s-nail', '-i -- c@d.test', { ignoresDots: true }],
    ['logwatch', '-t -oi -oem', { readsRecipients: true, errors: 'mail' }],
    [
      'a cluster',
      '-tif a@b.test',
      { readsRecipients: true, ignoresDots: true, author: 'a@b.test' },
    ],
    ['at', '-i user', { recipients: ['user'] }],
    ['the null path', '-f <> x@y.test', { author: '<>' }],
    [
      'what others know',
      '-oMr -U -G -odb -om -Ac -p smtp -X /x -h 3 -d0.1 a@b.test',
      {
        recipients: ['a@b.test'],
      },
    ],
    [
      '-O and -L',
      '-O DeliveryMode=b -L tag -X /dev/null -h 3 -d0.1 -U a@b.test',
      {
        recipients: ['a@b.test'],
      },
    ],
    [
      'an envelope id',
      '-V QQ314159 -N never -odq a@b.test',
      {
        envid: 'QQ314159',
        notify: 'never',
        onlyQueues: true,
      },
    ],
  ])('%s', (_who, line, expected) => {
    expect(read(line)).toMatchObject({ kind: 'send', ...expected });
  });

  it.each([
    ['-bs', 'smtp'],
    ['-bp', 'list'],
    ['-bi', 'aliases'],
    ['-I', 'aliases'],
    ['-q', 'run'],
    ['-qf', 'run'],
    ['-bm -C /x/posthouse.toml -q', 'run'],
    ['--help', 'help'],
  ])('%s means %s', (line, kind) => {
    expect(read(line).kind).toBe(kind);
  });

  it('mailq and newaliases are modes by name', () => {
    expect(readCommandLine([], 'mailq').kind).toBe('list');
    expect(readCommandLine([], 'newaliases').kind).toBe('aliases');
    expect(read('-C /etc/x.toml', 'mailq')).toEqual({ kind: 'list', configFile: '/etc/x.toml' });
  });

  it.each([
    ['-Z', '-Z'],
    ['--bogus a@b.test', 'there is no option --bogus'],
    ['-t --read-recipients', 'there is no option --read-recipients'],
    ['-bd', 'posthouse up'],
    ['-bv a@b.test', 'posthouse explain'],
    ['-q30m', 'no process stays'],
    ['-qRexample', 'posthouse queue'],
    ['-N sometimes a@b.test', 'never'],
    ['-R some a@b.test', 'full'],
    ['-B 9BIT a@b.test', '7BIT'],
    ['-f', 'wants a value'],
  ])('%s is refused with what to do', (line, words) => {
    const call = read(line);
    expect(call.kind === 'wrong' ? call.text : call).toContain(words);
  });

  it('a recipient never becomes an option', () => {
    expect(read('-i a@b.test -fevil@x.test')).toMatchObject({
      recipients: ['a@b.test', '-fevil@x.test'],
    });
    expect(read('-- -t')).toMatchObject({ readsRecipients: false, recipients: ['-t'] });
  });

  it('answers for any words', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom(...'-tifboqNRVBC<>@. '.split('')) })),
        (words) => {
          expect(readCommandLine(words, 'sendmail').kind).toBeTypeOf('string');
        },
      ),
    );
  });
});
