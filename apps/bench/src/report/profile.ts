/**
 * A CPU profile in a few lines: where the time went, by function, with the idle part apart.
 *
 * The files are those of `node --cpu-prof`, one for each thread; browsers' developer tools
 * and editors open them.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 25;

/** Text on all profiles of a directory. */
export async function describeProfiles(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.cpuprofile'));
  const texts = names.map(async (name) => {
    // What node wrote a moment ago has this form.
    const profile = JSON.parse(await readFile(join(directory, name), 'utf8')) as Profile;
    return [join(directory, name), ...heaviest(profile)].join('\n');
  });
  return (await Promise.all(texts)).join('\n\n');
}

function heaviest({ nodes, samples, timeDeltas }: Profile): readonly string[] {
  const frames = new Map(nodes.map(({ callFrame, id }) => [id, nameOf(callFrame)]));
  const time = new Map<string, number>();
  for (const [at, id] of samples.entries()) {
    const name = frames.get(id) ?? '?';
    time.set(name, (time.get(name) ?? 0) + (timeDeltas[at] ?? 0));
  }
  const idle = (time.get('(idle)') ?? 0) + (time.get('(program)') ?? 0);
  const busy = [...time.values()].reduce((sum, micros) => sum + micros, -idle);
  const rows = [...time]
    .filter(([name]) => name !== '(idle)' && name !== '(program)')
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN);
  const seconds = (micros: number): string => `${(micros / 1e6).toFixed(2)} s`;
  return [
    `  busy ${seconds(busy)}, idle or in native code ${seconds(idle)}`,
    ...rows.map(
      ([name, micros]) => `  ${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${name}`,
    ),
  ];
}

function nameOf({ functionName, lineNumber, url }: ProfileNode['callFrame']): string {
  const place = url === '' ? '' : ` ${url.split('/').slice(-4).join('/')}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${place}`;
}
