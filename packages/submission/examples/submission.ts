/**
 * A submission agent in front of a receiver of one's own.
 *
 * The certificate is the caller's business; here a file named on the command line, and
 * without one the example ends, because passwords are taken under TLS only.
 */
import { readFileSync } from 'node:fs';
import { createDirectory } from '@posthouse/directory';
import { parseDomain, silentLogger, systemClock } from '@posthouse/mail';
import type { ConnectTarget } from '@posthouse/smtp';
import { createNextHop } from '@posthouse/smtp';
import { createSubmission } from '@posthouse/submission';

const [certificateFile, keyFile] = process.argv.slice(2);
const hostname = parseDomain('localhost');
if (certificateFile !== undefined && keyFile !== undefined && hostname !== undefined) {
  const deps = { logger: silentLogger, clock: systemClock };
  const directory = createDirectory({ domains: ['example.test'], accountsFile: 'accounts' }, deps);
  const relay: ConnectTarget = {
    protocol: 'smtp',
    endpoint: { host: '127.0.0.1', port: 2525 },
    greeting: hostname,
    tls: { mode: 'opportunistic', verify: false },
  };
  const next = createNextHop({ target: relay }, deps);
  const submission = createSubmission(
    {
      hostname,
      listen: { host: '127.0.0.1', port: 0 },
      certificate: {
        cert: readFileSync(certificateFile, 'utf8'),
        key: readFileSync(keyFile, 'utf8'),
      },
      sending: { maxRecipientsPerHour: 500 },
    },
    { ...deps, next, directory },
  );
  await directory.start();
  await next.start();
  await submission.start();
  console.log('listening', submission.addresses);
  await submission.stop();
  await next.stop();
  await directory.stop();
} else {
  console.error('usage: submission.ts CERTIFICATE KEY');
  process.exitCode = 64;
}
