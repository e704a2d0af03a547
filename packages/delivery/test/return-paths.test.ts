/** Return-Path fields that came with a message are left out, and nothing else is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedContentOf } from '../src/maildir/stored-content.ts';
import type { StoredContent } from '../src/maildir/stored-content.ts';
import { withoutReturnPaths } from '../src/return-paths.ts';

const PATH = 'Return-Path: <a@b.test>\n';

/** As it came and as it is stored; in memory, or in pieces as from a file. */
function left(text: string, pieceBytes?: number): StoredContent {
  const octets = Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');
  const content = storedContentOf(octets);
  const whole = Buffer.from(text, 'latin1');
  if (pieceBytes === undefined) return withoutReturnPaths(content, whole);
  const { sizeBytes, virtualBytes } = content;
  async function* open(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < whole.length; at += pieceBytes ?? 1) {
      yield whole.subarray(at, at + (pieceBytes ?? 1));
    }
  }
  return withoutReturnPaths({ sizeBytes, virtualBytes, open }, whole);
}

async function textOf(content: StoredContent): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content.open()) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

describe('what is left of a message', () => {
  it.each([
    ['nothing of it', `Subject: x\n\n${PATH}`, `Subject: x\n\n${PATH}`],
    ['where it is first', `${PATH}Subject: x\n\ny\n`, 'Subject: x\n\ny\n'],
    ['where it is last', `Subject: x\n${PATH}\ny\n`, 'Subject: x\n\ny\n'],
    ['each of them', `${PATH}A: b\nRETURN-path : <>\n${PATH}\n`, 'A: b\n\n'],
    ['with its folded lines', `Return-path:\n\t<a@b.test>\n (c)\nA: b\n\n`, 'A: b\n\n'],
    ['without a body', `A: b\n${PATH}`, 'A: b\n'],
    ['another name', 'X-Return-Path: <>\nReturn-Paths: <>\n\n', undefined],
    ['within a folded line', 'A: b\n\treturn-path: <>\n\n', undefined],
    ['no header section', `\n${PATH}\n`, undefined],
    ['a CR in a line', 'A: b\rReturn-Path: <>\n\n', undefined],
    ['nothing at all', '', undefined],
  ])('%s', async (_, text, expected = text) => {
    for (const content of [left(text), left(text, 1), left(text, 7)]) {
      expect(await textOf(content)).toBe(expected);
      expect(content.sizeBytes).toBe(expected.length);
      expect(content.virtualBytes).toBe(expected.replaceAll('\n', '\r\n').length);
    }
    expect(left(text).bytes?.toString('latin1')).toBe(expected);
  });

  it('is the same in whatever pieces it comes', async () => {
    const line = fc.constantFrom(PATH, 'A: b\n', '\tc\n', 'return-PATH:\n', 'Subject: é\n', '\n');
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 40 }), async (lines, size) => {
        const text = lines.join('');
        const [whole, pieces] = [left(text), left(text, size)];
        expect(await textOf(pieces)).toBe(whole.bytes?.toString('latin1'));
        const [header = ''] = `\n${await textOf(whole)}`.split('\n\n');
        expect(header).not.toMatch(/\nreturn-path:/i);
      }),
    );
  });

  it('is all of it where the header section is not wholly known', async () => {
    const opening = Buffer.from(PATH);
    const content = storedContentOf(Buffer.from(`${PATH} more\n\n`));
    expect(withoutReturnPaths(content, opening)).toBe(content);
  });
});
