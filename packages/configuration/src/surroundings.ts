/**
 * What the reading of one section needs from outside of it: where paths begin, and facts of
 * other sections, taken from the text before anything is checked.
 *
 * Everything here is lenient: what is wrong with those facts is told where they stand.
 */
import { resolve } from 'node:path';
import { parseDomain } from '@posthouse/mail';

/** What the file is read for: the whole stack, or one agent alone. */
export type Role = 'stack' | 'submission' | 'relay' | 'delivery';

export interface Surroundings {
  readonly role: Role;
  /** A path of the file, absolute. */
  readonly path: (text: string) => string;
  /** A name in the state directory. */
  readonly state: (name: string) => string;
  readonly isOwnDomain: (domain: string) => boolean;
  /** What `tls.ca_file` says, for next hops that say nothing. */
  readonly caFile: string | undefined;
}

export const DEFAULT_STATE_DIRECTORY = 'var';
export const DEFAULT_DOMAINS: readonly string[] = ['posthouse.test'];

/** @param base the directory that relative paths begin at */
export function surroundingsOf(raw: unknown, base: string, role: Role): Surroundings {
  const stated = valueAt(raw, ['server', 'state_directory']);
  const path = (text: string): string => (isPipe(text) ? text : resolve(base, text));
  const state = path(
    typeof stated === 'string' && stated !== '' ? stated : DEFAULT_STATE_DIRECTORY,
  );
  const caFile = valueAt(raw, ['tls', 'ca_file']);
  const own = valueAt(raw, ['domains', 'own']);
  const domains = (Array.isArray(own) ? own : DEFAULT_DOMAINS).map((name: unknown) =>
    typeof name === 'string' ? parseDomain(name) : undefined,
  );
  const known = new Set<string | undefined>(domains);
  return {
    role,
    path,
    state: (name) => resolve(state, name),
    isOwnDomain: (domain) => known.has(domain),
    caFile: typeof caFile === 'string' && caFile !== '' ? path(caFile) : undefined,
  };
}

/** What stands at this path, if anything does. */
export function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  let value: unknown = raw;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string | number, unknown>)[step]; // an object with this key, just seen
  }
  return value;
}

/** A named pipe of Windows is no place in a file system. */
function isPipe(text: string): boolean {
  return text.startsWith('\\\\.\\pipe\\') || text.startsWith('\\\\?\\pipe\\');
}
