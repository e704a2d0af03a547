/** A program for tests of processes: keeps a diary on its disk and tells its log of it. */
import { appendFileSync } from 'node:fs';

const say = (event: string, fields = {}): void => {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
};

process.stdout.write('no event, only words\n');
process.stderr.write('a word for people\n');
setInterval(() => undefined, 60_000);
process.on('SIGHUP', () => {
  appendFileSync('diary', 'a line\n');
  say('written', { by: 'signal' });
});
process.on('SIGTERM', () => {
  say('stopped');
  process.exitCode = Number(process.argv[2] ?? 0);
  process.disconnect?.();
  process.exit();
});
say('ready', { pid: process.pid, args: process.argv.slice(2) });
