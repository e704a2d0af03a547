import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderScan } from '../src/header-scan.ts';

function scan(...chunks: readonly string[]): string | undefined {
  const scanner = new HeaderScan();
  for (const chunk of chunks) scanner.write(Buffer.from(chunk));
  return scanner.end();
}

describe('the Message-ID', () => {
  it.each([
    ['plain', 'Message-ID: <a@b>\r\n\r\n', '<a@b>'],
    ['in any case', 'Subject: x\r\nmessage-id:<a@b>\r\n\r\n', '<a@b>'],
    ['folded', 'Message-ID:\r\n\t<a@b>\r\nTo: c\r\n\r\n', '<a@b>'],
    ['with a comment behind', 'Message-ID: <a@b> (x)\r\n\r\n', '<a@b>'],
    ['in UTF-8', 'Message-ID: <\u00e9@b>\r\n\r\n', '<\u00e9@b>'],
    ['without an end of the header section', 'Message-ID: <a@b>\r\n', '<a@b>'],
  ])('is found %s', (_, text, id) => {
    expect(scan(text)).toBe(id);
  });

  it.each([
    ['there is none', 'Subject: x\r\n\r\n'],
    ['it stands in the body', 'Subject: x\r\n\r\nMessage-ID: <a@b>\r\n'],
    ['it stands in a continuation', 'Subject: x\r\n Message-ID: <a@b>\r\n\r\n'],
    ['it cannot be read', 'Message-ID: a@b\r\n\r\n'],
    ['there is no header section', '\r\nMessage-ID: <a@b>\r\n\r\n'],
    ['there is nothing', ''],
    ['it comes too late', `X: ${'x'.repeat(70_000)}\r\nMessage-ID: <a@b>\r\n\r\n`],
  ])('is not found where %s', (_, text) => {
    expect(scan(text)).toBeUndefined();
  });

  it.each([
    ['No', true],
    ['no ', true],
    ['\r\n No', true],
    ['Yes', false],
    ['No way', false],
  ])('leaves TLS-Required: %j aside and has it told', (value, optional) => {
    const scanner = new HeaderScan();
    scanner.write(
      Buffer.from(`TLS-Required: ${value}\r\nMessage-ID: <a@b>\r\n\r\nTLS-Required: No\r\n`),
    );
    expect(scanner.end()).toBe('<a@b>');
    expect(scanner.tlsOptional).toBe(optional);
  });

  it('is found wherever the chunks end', () => {
    const text =
      'Subject: x\r\nMessage-ID: <abc@example.test>\r\nTo: b\r\n\r\nMessage-ID: <no@no>\r\n';
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const chunks = places.slice(1).map((end, n) => text.slice(places[n], end));
        return scan(...chunks) === '<abc@example.test>';
      }),
    );
  });
});
