import { parseDomain, silentLogger, systemClock } from '@posthouse/mail';
import { createResolver, DnsError } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';

// A DNS server of our own, so that this runs anywhere. Without `servers` the system's are asked.
const server = createDnsServer({
  'example.test': { mx: [[10, 'mx1.example.test']] },
  'mx1.example.test': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
});
await server.start();
const resolver = createResolver(
  { servers: [server.address] },
  { clock: systemClock, logger: silentLogger },
);
await resolver.start();

const domain = parseDomain('example.test');
if (domain === undefined) throw new TypeError('not a domain');
try {
  const answer = await resolver.mx(domain);
  switch (answer.kind) {
    case 'records':
      for (const { preference, exchange } of answer.records) console.log(preference, exchange);
      break;
    case 'empty': // no MX: the domain itself may take mail
    case 'no-such-domain':
      console.log(answer.kind);
  }
} catch (error) {
  if (!(error instanceof DnsError)) throw error;
  console.log('no answer now, try again later:', error.kind);
}

await resolver.stop();
await server.stop();
