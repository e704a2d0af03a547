import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNameMaker, newFileName, parseMessageName } from '../src/maildir/message-name.ts';

const KEY = '0123456789abcdef0123456789abcdef';

describe('names of messages', () => {
  test('say what a reader wants to know without opening the file', () => {
    const name = createNameMaker('mx.example.test').next(1_767_225_600_123, KEY);
    const parsed = parseMessageName(newFileName(name, 4096, 4180));
    expect(name.unique).toMatch(
      /^1767225600\.M123000P\d+Q1R[0-9a-f]{16}K0123.*\.mx\.example\.test$/,
    );
    expect(parsed).toEqual({
      unique: name.unique,
      attempt: name.attempt,
      key: KEY,
      sizeBytes: 4096,
      virtualBytes: 4180,
      flags: '',
    });
  });

  test('keep their sense when a reader adds flags, on Windows too', () => {
    const file = newFileName(createNameMaker('mx').next(0, KEY), 1, 2);
    for (const info of [':2,FS', ';2,FS']) {
      expect(parseMessageName(`${file}${info}`)).toMatchObject({
        key: KEY,
        sizeBytes: 1,
        virtualBytes: 2,
        flags: 'FS',
      });
    }
  });

  test.each([
    ['1700000000.M1P2.host', { unique: '1700000000.M1P2.host', flags: '' }],
    ['1700000000.M1P2.host,S=5:2,', { unique: '1700000000.M1P2.host', sizeBytes: 5, flags: '' }],
    ['1700000000.2_0.host:2,RS', { unique: '1700000000.2_0.host', flags: 'RS' }],
    ['1.M1P2.h,S=x,W=-1', { unique: '1.M1P2.h', flags: '' }],
    ['', { unique: '', flags: '' }],
  ])('of others are read as far as they go: %s', (file, parsed) => {
    expect(parseMessageName(file)).toEqual(parsed);
  });

  test('are safe in every file system whatever the host is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (host) => {
        const name = newFileName(createNameMaker(host).next(Date.now(), KEY), 2 ** 40, 2 ** 40);
        expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._,=-]+$/);
        expect(name.length).toBeLessThan(220);
        expect(parseMessageName(name).key).toBe(KEY);
      }),
    );
  });

  test('of any text are read without a throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(text.startsWith(parseMessageName(text).unique)).toBe(true);
      }),
    );
  });
});

describe('names are never made twice', () => {
  test('by one maker, even while its clock stands still or goes back', () => {
    const maker = createNameMaker('mx');
    const times = [0, 5, 5, 5, 3, 0, 5];
    const names = times.flatMap((now) =>
      Array.from({ length: 2000 }, () => maker.next(now).unique),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('by two makers in one process', () => {
    const makers = Array.from({ length: 100 }, () => createNameMaker('mx'));
    const names = makers.flatMap((maker) => [maker.next(7).unique, maker.next(7).unique]);
    expect(new Set(names).size).toBe(names.length);
    const attempts = makers.map((maker) => maker.next(7).attempt);
    expect(new Set(attempts).size).toBe(attempts.length);
  });

  test('by two processes', () => {
    const source = fileURLToPath(new URL('../src/maildir/message-name.ts', import.meta.url));
    const script = `import { createNameMaker } from ${JSON.stringify(source)};
      console.log(createNameMaker('mx').next(7).unique.replace(/P\\d+/, ''));`;
    const run = (): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
        .stdout;
    const [first, second] = [run(), run()];
    expect(first).toMatch(/Q1R/);
    // Not even where both have one process id, as two containers may.
    expect(first).not.toBe(second);
  });

  test('and sort by time within a second', () => {
    const maker = createNameMaker('mx');
    const names = [1000, 1001, 1001, 1050].map((now) => maker.next(now).unique.split('P')[0] ?? '');
    const microseconds = names.map((name) => Number(name.split('M')[1]));
    expect(microseconds).toEqual(microseconds.toSorted((a, b) => a - b));
    expect(new Set(microseconds).size).toBe(4);
  });
});
