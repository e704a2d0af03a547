/**
 * Finding and reading the configuration file.
 *
 * The file that was named must be there; without a name `posthouse.toml` in the working
 * directory is used if it is there, and the defaults if it is not. What the text means is
 * the caller's business: it hands in the reader of @posthouse/configuration.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ExitError } from './exit-code.ts';
import { reportProblems } from './problem-report.ts';
import type { FileProblem } from './problem-report.ts';

/** What reads the text of a file; `path` need not exist. */
export type ConfigurationReader<C> = (
  text: string,
  path: string,
) =>
  | { readonly kind: 'ok'; readonly configuration: C }
  | { readonly kind: 'invalid'; readonly problems: readonly FileProblem[] };

/** A configuration and where it is from. */
export interface LoadedConfiguration<C> {
  readonly configuration: C;
  /** Absolute; absent: there is no file, these are the defaults. */
  readonly path?: string;
}

/** A file with mistakes; the message is the whole report. */
export class ConfigurationError extends ExitError {
  readonly problems: readonly FileProblem[];

  constructor(report: string, problems: readonly FileProblem[]) {
    super('configuration', report);
    this.problems = problems;
  }
}

export const DEFAULT_FILE = 'posthouse.toml';
/** Names the file where the command line does not. */
export const FILE_VARIABLE = 'POSTHOUSE_CONFIG';

/**
 * Reads the configuration.
 * @param named on the command line
 * @throws ConfigurationError, or ExitError `noInput` where the file cannot be read
 */
export async function loadConfiguration<C>(
  named: string | undefined,
  read: ConfigurationReader<C>,
): Promise<LoadedConfiguration<C>> {
  const wanted = named ?? (process.env[FILE_VARIABLE] || undefined);
  const path = resolve(wanted ?? DEFAULT_FILE);
  const text = await readText(path, wanted !== undefined);
  const reading = read(text ?? '', path);
  if (reading.kind === 'invalid') {
    const report = reportProblems(wanted ?? DEFAULT_FILE, text ?? '', reading.problems);
    const hint = text === undefined ? 'There is no such file here: name it with --config.\n' : '';
    throw new ConfigurationError(`${report}${hint}`, reading.problems);
  }
  const { configuration } = reading;
  return text === undefined ? { configuration } : { configuration, path };
}

async function readText(path: string, mustExist: boolean): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' && !mustExist) return undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : String(code ?? error);
    throw new ExitError('noInput', `Cannot read the configuration ${path}: ${reason}`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ExitError('configuration', `The configuration ${path} is not UTF-8 text`);
  }
}
