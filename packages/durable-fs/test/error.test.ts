import { expect, test } from 'vitest';
import { DurableFsError, durableFsErrorFrom, isFault } from '@posthouse/durable-fs';

const PLACE = { operation: 'write', path: '/spool/1' };

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test.each([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EROFS', 'read-only'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['ENOENT', 'missing'],
  ['EEXIST', 'exists'],
  ['EIO', 'unavailable'],
  ['EXDEV', 'unavailable'],
  ['EMFILE', 'unavailable'],
  ['ENOTDIR', 'unavailable'],
  ['EUNHEARDOF', 'unavailable'],
])('%s is %s', (code, kind) => {
  const cause = errno(code);
  const fault = durableFsErrorFrom(cause, PLACE);
  expect(fault).toMatchObject({ name: 'DurableFsError', kind, ...PLACE, cause });
  expect(isFault(fault, fault.kind)).toBe(true);
});

test('names the call, the path and the code', () => {
  expect(durableFsErrorFrom(errno('ENOSPC'), PLACE).message).toBe('write /spool/1: ENOSPC');
});

test('what carries no code is unavailable, in its own words', () => {
  expect(durableFsErrorFrom(new Error('odd'), PLACE)).toMatchObject({
    kind: 'unavailable',
    message: 'write /spool/1: odd',
  });
  expect(durableFsErrorFrom('odd', PLACE)).toMatchObject({ kind: 'unavailable', cause: 'odd' });
});

test('leaves its own alone', () => {
  const fault = new DurableFsError('damaged', PLACE, 'cut short');
  expect(durableFsErrorFrom(fault, { operation: 'read', path: '/else' })).toBe(fault);
  expect(fault.cause).toBeUndefined();
});

test('isFault tells kinds and strangers apart', () => {
  expect(isFault(new DurableFsError('full', PLACE, 'full'), 'missing')).toBe(false);
  expect(isFault(errno('ENOENT'), 'missing')).toBe(false);
});
