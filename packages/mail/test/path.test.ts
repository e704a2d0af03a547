import { describe, expect, it } from 'vitest';
import {
  formatPath,
  NULL_PATH,
  parseDomain,
  parseForwardPath,
  parseReversePath,
} from '@posthouse/mail';

describe('paths', () => {
  it('tells the null reverse-path from all others', () => {
    expect(parseReversePath('<>')).toBe(NULL_PATH);
    expect(formatPath(NULL_PATH)).toBe('<>');
    expect(parseForwardPath('<>')).toBeUndefined();
    expect(parseReversePath('< >')).toBeUndefined();
  });

  it('drops a source route (RFC 5321 §4.1.1.3)', () => {
    expect(parseForwardPath('<@a.test,@b.test:bob@example.test>')).toEqual({
      localPart: 'bob',
      domain: 'example.test',
    });
    expect(parseForwardPath('<@a.test:>')).toBeUndefined();
    expect(parseForwardPath('<@a.test>')).toBeUndefined();
  });

  it('takes Postmaster without a domain where told whose postmaster is meant', () => {
    const here = parseDomain('mx.example.test');
    expect(parseForwardPath('<PostMaster>', here)).toEqual({
      localPart: 'postmaster',
      domain: 'mx.example.test',
    });
    expect(parseForwardPath('<postmaster>')).toBeUndefined();
    expect(parseReversePath('<postmaster>')).toBeUndefined();
  });

  it.each([
    'bob@example.test',
    '<bob@example.test',
    'bob@example.test>',
    '<<bob@example.test>>',
    '<bob@example.test> ',
  ])('refuses %j', (text) => {
    expect(parseForwardPath(text)).toBeUndefined();
    expect(parseReversePath(text)).toBeUndefined();
  });
});
