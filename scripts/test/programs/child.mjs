/**
 * Stands in for the stack: says when it is ready, then which signal it gets, and ends with exit code
 * 7 at the first that asks for it, or when the bootstrap disappears. Told `kill`, it dies of a signal.
 */
if (process.argv[2] === 'kill') process.kill(process.pid, 'SIGKILL');

process.on('SIGHUP', () => process.stdout.write('SIGHUP\n'));
for (const end of ['SIGTERM', 'SIGINT', 'disconnect']) {
  process.on(end, () => {
    process.stdout.write(`${end}\n`);
    process.exit(7);
  });
}
process.stdout.write('ready\n');
