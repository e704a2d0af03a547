/**
 * Secrets never stand in the configuration file: it names a file, or a variable of the
 * environment, that holds one. Whoever uses a secret reads it then, so that it can change.
 */
import * as field from './field.ts';
import type { Breach, OptionalShape, RawTable } from './rule.ts';
import type { Surroundings } from './surroundings.ts';

/** Where a secret is. */
export type Secret =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string };

/** The keys that name a secret. */
export interface SecretKeys {
  readonly password_file?: string | undefined;
  readonly password_env?: string | undefined;
}

/** Fields for the keys of a secret. */
export function secretShape(around: Surroundings): OptionalShape<SecretKeys> {
  return {
    password_file: field
      .path('File that holds the password, and nothing else.', 'secrets/relay', around)
      .optional(),
    password_env: field
      .text('Environment variable that holds the password.', 'RELAY_PASSWORD')
      .optional(),
  };
}

/** The secret that the keys name. */
export function secretOf(keys: SecretKeys): Secret | undefined {
  if (keys.password_file !== undefined) return { kind: 'file', path: keys.password_file };
  if (keys.password_env !== undefined) return { kind: 'environment', name: keys.password_env };
  return undefined;
}

/** At most one of the keys. */
export function secretRule(table: RawTable): readonly Breach[] {
  if (table['password_file'] === undefined || table['password_env'] === undefined) return [];
  const text = 'The password is named twice: a file and an environment variable';
  return [{ path: ['password_env'], text, fix: 'Keep one of the two' }];
}

export function namesSecret(table: RawTable): boolean {
  return table['password_file'] !== undefined || table['password_env'] !== undefined;
}
