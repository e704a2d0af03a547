/**
 * Hands on what `sendmail` keeps in a spool, to a relay of one's own.
 *
 * Here the relay is a next hop on this host; any `MailReceiver` will do.
 */
import { createDisk } from '@posthouse/durable-fs';
import { parseDomain, silentLogger, systemClock } from '@posthouse/mail';
import { createCollector } from '@posthouse/sendmail';
import { createNextHop } from '@posthouse/smtp';

const [spool, port] = process.argv.slice(2);
const hostname = parseDomain('localhost');
if (spool !== undefined && hostname !== undefined) {
  const deps = { clock: systemClock, logger: silentLogger };
  const endpoint = { host: '127.0.0.1', port: Number(port) };
  const tls = { mode: 'opportunistic', verify: false } as const;
  const target = { protocol: 'smtp', endpoint, greeting: hostname, tls } as const;
  const receiver = createNextHop({ target }, deps);
  const collector = createCollector(
    { directory: spool, access: 'owner', hostname },
    { ...deps, receiver, disk: createDisk() },
  );
  await receiver.start();
  await collector.start();
  await collector.stop();
  await receiver.stop();
} else {
  console.error('usage: collector.ts SPOOL PORT');
  process.exitCode = 64;
}
