import { expect, test } from 'vitest';
import { Permits } from '../src/permits.ts';

const PATIENT = new AbortController().signal;

test('no more run at once than there are permits, and those in line come in their order', async () => {
  const permits = new Permits(2);
  const pieces = Array.from({ length: 5 }, () => ({
    begun: Promise.withResolvers<void>(),
    gate: Promise.withResolvers<void>(),
  }));
  const begun: number[] = [];
  const work = pieces.map((piece, i) =>
    permits.run(() => {
      begun.push(i);
      piece.begun.resolve();
      return piece.gate.promise;
    }, PATIENT),
  );
  for (const [i, piece] of pieces.entries()) {
    await pieces[Math.min(i + 1, 4)]?.begun.promise;
    expect(begun).toEqual([0, 1, 2, 3, 4].slice(0, i + 2));
    piece.gate.resolve();
    await work[i];
  }
});

test('whoever gives up in line takes no permit with him', async () => {
  const permits = new Permits(1);
  const gate = Promise.withResolvers<void>();
  const first = permits.run(() => gate.promise, PATIENT);
  const impatient = new AbortController();
  const second = permits.run(() => Promise.resolve('second'), impatient.signal);
  const third = permits.run(() => Promise.resolve('third'), PATIENT);
  impatient.abort(new Error('enough'));
  await expect(second).rejects.toThrow('enough');
  gate.resolve();
  await first;
  expect(await third).toBe('third');
  await expect(permits.run(() => Promise.resolve(), impatient.signal)).rejects.toThrow('enough');
});

test('work that fails gives its permit back', async () => {
  const permits = new Permits(1);
  await expect(permits.run(() => Promise.reject(new Error('no')), PATIENT)).rejects.toThrow('no');
  expect(await permits.run(() => Promise.resolve('yes'), PATIENT)).toBe('yes');
});
