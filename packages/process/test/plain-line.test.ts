import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainLine } from '../src/plain-line.ts';

const event = (fields: object): string => `${JSON.stringify(fields)}\n`;

describe('a plain line', () => {
  test('has time, level, sentence and fields', () => {
    const line = plainLine(
      event({
        level: 'warn',
        time: new Date(2026, 0, 1, 9, 5, 7).toISOString(),
        name: 'relay',
        pid: 1,
        event: 'delayed',
        recipient: 'bob@example.test',
        reason: 'try again later',
        attempts: 3,
        hosts: ['a', 'b'],
        msg: 'Delivery was delayed',
      }),
      false,
    );
    expect(line).toBe(
      '09:05:07 warn  Delivery was delayed  recipient=bob@example.test  reason="try again later"  attempts=3  hosts=["a","b"]\n',
    );
  });

  test('has the stack of an error below', () => {
    const err = { type: 'Error', message: 'x', stack: 'Error: x\n    at y' };
    expect(plainLine(event({ level: 'error', msg: 'Broken', err }), false)).toBe(
      '--:--:-- error Broken\n    Error: x\n        at y\n',
    );
  });

  test('has colours where they are wanted', () => {
    expect(plainLine(event({ level: 'error', msg: 'Broken' }), true)).toContain('\u001b[31merror');
  });

  test('what is no event stays as it is', () => {
    expect(plainLine('Warning: \u001b[2J something\n', false)).toBe(
      'Warning: \\u001b[2J something\n',
    );
  });

  test('nothing from outside breaks the line or steers the terminal', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(
        text,
        text,
        fc.dictionary(text, fc.oneof(text, fc.jsonValue())),
        (msg, name, more) => {
          const line = plainLine(event({ ...more, level: 'info', name, msg, stack: 1 }), false);
          const { length } = line.match(/\n/g) ?? [];
          const stacks = JSON.stringify(more).includes('"stack"');
          if (!stacks) expect(length).toBe(1);
          expect(line.slice(0, -1)).not.toMatch(
            /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/,
          );
        },
      ),
    );
  });
});
