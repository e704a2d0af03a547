/**
 * Secrets by their place: a file, or a variable of the environment.
 *
 * Read when they are used, so that they can change under a running agent.
 */
import { readFile } from 'node:fs/promises';
import { ExitError } from './exit-code.ts';

/** Where a secret is; as @posthouse/configuration gives it. */
export type SecretPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string };

/** The secret, without the line end of its file. @throws ExitError `configuration`: there is none */
export async function readSecret(place: SecretPlace): Promise<string> {
  const secret = place.kind === 'file' ? await fromFile(place.path) : process.env[place.name];
  if (secret !== undefined && secret !== '') return secret;
  const where = place.kind === 'file' ? `file ${place.path}` : `variable ${place.name}`;
  throw new ExitError('configuration', `There is no password in the ${where}`);
}

async function fromFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExitError('configuration', `The password cannot be read: ${reason}`, error);
  }
}
