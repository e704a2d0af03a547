/** Messages of a load are recognized where they arrive, and only when they are whole. */
import { expect, test } from 'vitest';
import { createPattern, messageHead, recognize, recognizeOnWire } from '../src/message.ts';

const pattern = createPattern(4096);

function onWire(number: number): Buffer {
  return Buffer.concat([Buffer.from(messageHead('round1', number)), pattern.wireEnd]);
}

test.each([500, 4096, 4097, 102_400])('a message of %i octets has that many', (messageBytes) => {
  const { storedEnd } = createPattern(messageBytes);
  const text = messageHead('round1', 7) + storedEnd.replaceAll('\n', '\r\n');
  expect(text.length).toBeGreaterThan(messageBytes - 3);
  expect(text.length).toBeLessThan(messageBytes + 3);
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
});

test('a stored message is known by its number, with fields before it and either line end', () => {
  const stored = `Received: from somewhere\n${messageHead('round1', 42).replaceAll('\r\n', '\n')}${pattern.storedEnd}`;
  expect(recognize(stored, pattern, 'round1')).toBe(42);
  expect(recognize(stored.replaceAll('\n', '\r\n'), pattern, 'round1')).toBe(42);
});

test('a stored message of another run, cut or changed is not known', () => {
  const stored = messageHead('round1', 42) + pattern.storedEnd;
  expect(recognize(stored, pattern, 'round2')).toBeUndefined();
  expect(recognize(stored.slice(0, -1), pattern, 'round1')).toBeUndefined();
  expect(recognize(stored.replace('0123', '0124'), pattern, 'round1')).toBeUndefined();
});

test('a message on the wire is known, stuffed and with its final dot', () => {
  expect(recognizeOnWire(onWire(3), pattern, 'data')).toEqual({ run: 'round1', number: 3 });
  expect(recognizeOnWire(onWire(3).subarray(0, -1), pattern, 'data')).toBeUndefined();
});
