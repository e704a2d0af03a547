/**
 * `npm run bench`: see `--help` and docs/performance.md.
 *
 * The same file is the program of the helpers that need a process of their own: the bare
 * smtp-server and the sink.
 */
import { serveSink } from './arrival/sink-process.ts';
import { USAGE, readArguments } from './arguments.ts';
import { bench } from './bench.ts';
import { serveCeiling } from './subject/ceiling.ts';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1));
// Whoever started us with a channel between us is gone.
process.once('disconnect', () => process.exit(1));

const [first, ...rest] = process.argv.slice(2);
if (first === 'serve-ceiling') serveCeiling(Number(rest[0]));
else if (first === 'serve-sink') serveSink(rest.map(Number));
// What may still run after a failure ends with us.
else process.exit(await run());

async function run(): Promise<number> {
  try {
    const options = readArguments(process.argv.slice(2));
    if (options === undefined) process.stdout.write(`${USAGE}\n`);
    else await bench(options);
    return 0;
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
