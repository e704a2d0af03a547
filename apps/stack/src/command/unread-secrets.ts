/**
 * The secrets of a configuration that cannot be read now: an agent asks for them only when it
 * logs in, and then mail would wait.
 */
import type { Configuration, Secret } from '@posthouse/configuration';
import { readSecret } from '@posthouse/process';

/** What is wrong with each, in a sentence. */
export async function unreadSecrets(configuration: Configuration): Promise<readonly string[]> {
  const secrets = new Map(
    secretsIn(configuration).map((secret) => [JSON.stringify(secret), secret]),
  );
  const faults = await Promise.all(
    [...secrets.values()].map((secret) =>
      readSecret(secret).then(
        () => [],
        (error: unknown) => [error instanceof Error ? error.message : String(error)],
      ),
    ),
  );
  return faults.flat();
}

/** Wherever they stand: sections come and go, a secret's form does not. */
function secretsIn(value: unknown): readonly Secret[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isSecret(value)) return [value];
  return Object.values(value).flatMap(secretsIn);
}

function isSecret(value: object): value is Secret {
  if (!('kind' in value)) return false;
  return value.kind === 'file'
    ? 'path' in value && typeof value.path === 'string'
    : value.kind === 'environment' && 'name' in value && typeof value.name === 'string';
}
