/** The sample program as a real process, in a directory that goes with the test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAgentProcess } from '@posthouse/testkit';
import type { AgentProcess, AgentProcessOptions } from '@posthouse/testkit';
import { onTestFinished } from 'vitest';

const program = join(import.meta.dirname, 'programs', 'agent.ts');

/** A new directory, which goes with the test; with a configuration file if there is text for one. */
export async function workplace(configuration?: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'posthouse-process-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  if (configuration !== undefined) await configure(directory, configuration);
  return directory;
}

export async function configure(directory: string, configuration: string): Promise<void> {
  await writeFile(join(directory, 'posthouse.toml'), configuration);
}

/** Starts the sample program in a directory. */
export function startSample(
  directory: string,
  args: readonly string[] = [],
  options: Pick<AgentProcessOptions, 'env' | 'ipc'> = {},
): AgentProcess {
  return startAgentProcess({ program, directory, args, ...options });
}
