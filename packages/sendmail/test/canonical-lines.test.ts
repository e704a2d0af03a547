import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalLines } from '../src/canonical-lines.ts';

async function lines(pieces: readonly string[], endsAtDot = false): Promise<string> {
  async function* source(): AsyncGenerator<Buffer> {
    for (const piece of pieces) yield Buffer.from(piece, 'latin1');
  }
  let text = '';
  for await (const made of canonicalLines(source(), { endsAtDot })) text += made.toString('latin1');
  return text;
}

describe('canonicalLines', () => {
  it.each([
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\rb', 'a\r\nb\r\n'],
    ['a\n\nb', 'a\r\n\r\nb\r\n'],
    ['\n', '\r\n'],
    ['', ''],
    ['F', 'F\r\n'],
    ['From a Mon\nTo: b\n', 'To: b\r\n'],
    ['From: a\n', 'From: a\r\n'],
    ['To: b\n\nFrom here\n', 'To: b\r\n\r\nFrom here\r\n'],
    ['a\n.\nb\n', 'a\r\n.\r\nb\r\n'],
  ])('%j becomes %j', async (text, made) => {
    expect(await lines([text])).toBe(made);
  });

  it.each([
    ['a\n.\nb\n', 'a\r\n'],
    ['a\n..\nb\n', 'a\r\n..\r\nb\r\n'],
    ['a\n.b\n', 'a\r\n.b\r\n'],
    ['a\n.\r\nb', 'a\r\n'],
    ['a\n.', 'a\r\n'],
    ['.\n', ''],
  ])('with a dot to end it, %j becomes %j', async (text, made) => {
    expect(await lines([text], true)).toBe(made);
  });

  it('does not depend on where pieces end', async () => {
    const text = fc.string({
      unit: fc.constantFrom('.', '\r', '\n', 'F', 'r', 'o', 'm', ' ', 'x'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.boolean(), async (pieces, endsAtDot) => {
        const whole = await lines([pieces.join('')], endsAtDot);
        expect(await lines(pieces, endsAtDot)).toBe(whole);
        expect(await lines(pieces.join('').split(''), endsAtDot)).toBe(whole);
        expect(whole.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
