import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distinctName, safeFileName } from '../src/reading/safe-file-name.ts';

describe('safeFileName', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['Über uns.txt', 'Über uns.txt'],
    ['/etc/passwd', 'passwd'],
    ['..\\..\\evil.exe', 'evil.exe'],
    ['.bashrc', 'bashrc'],
    ['-rf', 'rf'],
    ['a:b<c>|?*".txt', 'a_b_c_____.txt'],
    ['con', '_con'],
    ['LPT1.txt', '_LPT1.txt'],
    ['x\u202egnp.exe', 'xgnp.exe'],
    ['a\r\nb', 'a b'],
    ['trailing. . ', 'trailing'],
    ['', 'part-2.bin'],
    ['...', 'part-2.bin'],
    ['???', 'part-2.bin'],
    [`${'ä'.repeat(200)}.tar`, `${'ä'.repeat(58)}.tar`],
  ])('%j becomes %j', (proposed, name) => {
    expect(safeFileName(proposed, 'part-2.bin')).toBe(name);
  });

  it('stays in its directory, and short, whatever is proposed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (proposed) => {
        const name = safeFileName(proposed, 'fallback');
        expect(name).not.toMatch(/[/\\\u0000-\u001f\u007f:]|^[.\s-]|^$/);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(120);
      }),
    );
  });

  it('tells names apart without regard to case', () => {
    expect(distinctName('A.txt', new Set(['a.txt', 'a (2).txt']))).toBe('A (3).txt');
    expect(distinctName('README', new Set(['readme']))).toBe('README (2)');
  });
});
