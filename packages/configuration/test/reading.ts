/** Reading a configuration in a test, as what it has to be. */
import { readConfiguration } from '../src/index.ts';
import type { Configuration, Role } from '../src/index.ts';

export const BASE = '/srv/mail';

/** A configuration without mistakes. @throws Error with the mistakes */
export function configured(text: string, role: Role = 'stack'): Configuration {
  const reading = readConfiguration(text, `${BASE}/posthouse.toml`, { role });
  if (reading.kind === 'ok') return reading.configuration;
  throw new Error(JSON.stringify(reading.problems, null, 1));
}

/** The mistakes, each on a line: place, key, text and fix. */
export function mistakes(text: string, role: Role = 'stack'): readonly string[] {
  const reading = readConfiguration(text, `${BASE}/posthouse.toml`, { role });
  if (reading.kind === 'ok') return [];
  return reading.problems.map(
    ({ line, column, key, text: what, fix }) => `${line}:${column} ${key} | ${what} | ${fix}`,
  );
}
