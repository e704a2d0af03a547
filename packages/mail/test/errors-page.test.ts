import { readFileSync } from 'node:fs';
import { REFUSALS, refusalOf } from '@posthouse/mail';
import type { RefusalName } from '@posthouse/mail';
import { expect, it } from 'vitest';

const page = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8');
const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', ...cells]) => [name.replaceAll('`', ''), cells] as const),
);
const names = Object.keys(REFUSALS) as RefusalName[]; // the registry's own keys

it('docs/reference/errors.md has every reply of the registry, and no other', () => {
  expect([...rows.keys()].toSorted()).toEqual(names.toSorted());
});

it.each(names)('the page says of %s what the code says, with cause and cure', (name) => {
  const { code, proof, status, text } = refusalOf(name);
  const [reply, cause, cure, ground] = rows.get(name) ?? [];
  expect(reply).toBe(`${code} ${status} ${text}`);
  expect(ground).toBe(proof ?? '');
  expect(cause).toMatch(/\.$/);
  expect(cure).toMatch(/\.$/);
});
