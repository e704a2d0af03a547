import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../src/index.ts';
import { lookUp } from '../src/json-schema.ts';

const kinds = ['ok', 'invalid'];
const read = (text: string): string => {
  const reading = readConfiguration(text, '/x/posthouse.toml');
  if (reading.kind === 'ok') return 'ok';
  for (const problem of reading.problems) {
    expect(problem.line).toBeGreaterThan(0);
    expect(problem.column).toBeGreaterThan(0);
    expect(problem.text).not.toBe('');
    expect(problem.fix).not.toBe('');
  }
  expect(reading.problems.length).toBeGreaterThan(0);
  return 'invalid';
};

describe('any text is a configuration or has problems', () => {
  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(kinds).toContain(read(Buffer.from(bytes).toString()));
      }),
    );
  });

  test('random pieces of TOML', () => {
    const sections = lookUp([]).keys;
    const keys = sections.flatMap((section) => lookUp([section]).keys);
    const piece = fc.oneof(
      fc.constantFrom('\n', ' = ', '[', ']', '[[', ']]', '{', '}', ',', '.', '"', '"""', "'", '#'),
      fc.constantFrom(...sections, ...keys, '__proto__', 'constructor', 'toString'),
      fc.constantFrom('1', '-1', '1e9', 'inf', 'nan', 'true', '1979-05-27', '"25MB"', '"5d"'),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(kinds).toContain(read(pieces.join('')));
      }),
      { numRuns: 150 },
    );
  });

  test('random values for the keys that there are', () => {
    const section = fc.constantFrom(...lookUp([]).keys);
    const entry = section.chain((name) =>
      fc.tuple(
        fc.constant(name),
        fc.constantFrom(...lookUp([name]).keys, 'unknown'),
        fc.oneof(
          fc.constantFrom('1', '-1', '[]', '{}', '[[]]', '[{}]', '{a={}}', '""', 'true', 'nan'),
          fc.string().map((text) => JSON.stringify(text)),
          fc.integer().map(String),
        ),
      ),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const lines = entries.map(([name, key, value]) => `${name}.${key} = ${value}`);
        expect(kinds).toContain(read([...new Set(lines)].join('\n')));
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['brackets without end', `a = ${'['.repeat(200_000)}`],
    ['closed brackets', `a = ${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['tables in tables', `a = ${'{a='.repeat(20_000)}1${'}'.repeat(20_000)}`],
    ['dots', `${'a.'.repeat(100_000)}a = 1`],
    ['headers', `[${'a.'.repeat(10_000)}a]\n`.repeat(20)],
    ['a very long line', `a = "${'x'.repeat(900_000)}"`],
    ['many keys', Array.from({ length: 20_000 }, (_, i) => `k${i} = 1`).join('\n')],
    ['too much', '#'.repeat(2_000_000)],
  ])('%s', (_, text) => expect(read(text)).toBe('invalid'));
});
