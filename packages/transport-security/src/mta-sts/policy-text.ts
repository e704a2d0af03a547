/**
 * Reads the text of an MTA-STS policy. Pure.
 *
 * Fields that are not known are passed over; of one that may stand once the first counts.
 * What is missing or makes no sense is told, because the domain's owner wants to know.
 *
 * RFC 8461 §3.2.
 */
import { parseDomain } from '@posthouse/mail';
import type { StsMode, StsPolicy } from './finding.ts';

/** A year and a day or so: what the RFC allows at most. */
const MAX_AGE_SECONDS = 31_557_600;
/** Hosts of one policy that are kept. */
const MAX_PATTERNS = 500;
const MODES: readonly StsMode[] = ['enforce', 'testing', 'none'];

/** A policy, or what is wrong with the text. */
export type StsReading =
  | { readonly kind: 'policy'; readonly policy: Pick<StsPolicy, 'maxAgeMs' | 'mode' | 'mx'> }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads. */
export function readStsPolicy(text: string): StsReading {
  const fields = text.split(/\r?\n/).flatMap((line) => {
    const [, name = '', value = ''] =
      /^([A-Za-z0-9_.-]{1,32})[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    return name === '' ? [] : [{ name, value }];
  });
  const first = (name: string): string | undefined =>
    fields.find((field) => field.name === name)?.value;
  if (first('version') !== 'STSv1') return invalid('version is not STSv1');
  const mode = MODES.find((known) => known === first('mode'));
  if (mode === undefined) return invalid('mode is not enforce, testing or none');
  const age = first('max_age') ?? '';
  if (!/^\d{1,10}$/.test(age)) return invalid('max_age is no number of seconds');
  const mx = fields.filter(({ name }) => name === 'mx').map(({ value }) => patternOf(value));
  if (mx.some((pattern) => pattern === undefined))
    return invalid('an mx is no host and no *.domain');
  if (mx.length > MAX_PATTERNS) return invalid('it names too many hosts');
  if (mx.length === 0 && mode !== 'none') return invalid('it names no mx');
  const patterns = mx.filter((pattern) => pattern !== undefined);
  const maxAgeMs = Math.min(Number(age), MAX_AGE_SECONDS) * 1000;
  return { kind: 'policy', policy: { mode, mx: patterns, maxAgeMs } };
}

function patternOf(text: string): string | undefined {
  const wildcard = text.startsWith('*.');
  const domain = parseDomain((wildcard ? text.slice(2) : text).replace(/\.$/, ''));
  return domain === undefined ? undefined : `${wildcard ? '*.' : ''}${domain}`;
}

function invalid(reason: string): StsReading {
  return { kind: 'invalid', reason };
}
