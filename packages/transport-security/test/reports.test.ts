/** Counting, composing and sending of TLS reports, over a DNS and an HTTPS host on loopback. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createResolver } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';
import type { Zone } from '@posthouse/dns/testing';
import { createNetworks, fieldValues, readHeaderSection, systemClock } from '@posthouse/mail';
import { createEventLog, createManualClock, mailbox } from '@posthouse/testkit';
import { createAuthority, createServerCertificate } from '../src/index.ts';
import { readReportPlaces } from '../src/reports/report-record.ts';
import { composeReport, composeReportMessage } from '../src/reports/report.ts';
import { Reporter } from '../src/reports/reporter.ts';
import { Tally } from '../src/reports/tally.ts';
import type { CountedSession } from '../src/reports/tally.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Where the manual clock begins, at noon. */
const NOW = Date.UTC(2026, 0, 1, 12);
/** The full hour at which the report of example.test is due: 2.42 hours of the night are its share of the spread. */
const DUE_AFTER_MS = 15 * HOUR_MS;
const POLICY = { type: 'sts', strings: ['version: STSv1'], mxHosts: ['mx.example.test'] } as const;
const GOOD: CountedSession = { domain: 'example.test', policy: POLICY };
const BAD: CountedSession = {
  ...GOOD,
  failure: {
    result: 'certificate-expired',
    mxHost: 'mx.example.test',
    receivingIp: '192.0.2.1',
    sendingIp: '192.0.2.9',
    reason: 'CERT_HAS_EXPIRED',
  },
};
const SUBMITTER = { from: mailbox('tls@relay.test'), organization: 'Relay' };

function counted(...sessions: readonly CountedSession[]): Tally {
  const tally = new Tally();
  for (const session of sessions) tally.count(session, NOW);
  return tally;
}

describe('the tally', () => {
  it('counts by day, domain, policy and failure', () => {
    const tally = counted(GOOD, GOOD, BAD, BAD, { ...GOOD, domain: 'other.test' });
    tally.count(GOOD, NOW + DAY_MS);
    expect(tally.domains()).toMatchObject([
      {
        day: '2026-01-01',
        domain: 'example.test',
        policies: [{ successes: 2, failures: 2, details: [{ count: 2, ...BAD.failure }] }],
      },
      { day: '2026-01-01', domain: 'other.test' },
      { day: '2026-01-02', domain: 'example.test' },
    ]);
  });

  it('is the same after a restart', () => {
    const tally = counted(GOOD, BAD, { ...GOOD, domain: 'other.test' });
    const later = new Tally();
    later.restore(JSON.parse(JSON.stringify(tally.snapshot())));
    expect(later.domains()).toEqual(tally.domains());
  });

  it('takes nothing from a file that makes no sense', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const tally = new Tally();
        tally.restore(value);
        return tally.domains().length === 0;
      }),
    );
  });

  it('keeps a week', () => {
    const tally = counted(GOOD);
    tally.count(GOOD, NOW + 8 * DAY_MS);
    expect(tally.domains().map(({ day }) => day)).toEqual(['2026-01-09']);
  });

  it('is bounded, whatever fails', () => {
    const tally = new Tally(10_000);
    for (let i = 0; i < 1000; i++) {
      tally.count({ ...BAD, domain: `d${i}.test` }, NOW);
      tally.count({ ...BAD, failure: { result: 'x', mxHost: `mx${i}.test` } }, NOW);
    }
    expect(JSON.stringify(tally.snapshot()).length).toBeLessThan(30_000);
    for (const counting of tally.domains()) tally.forget(counting);
    tally.count(GOOD, NOW);
    expect(tally.domains()).toHaveLength(1);
  });
});

describe('the record', () => {
  it.each([
    [['v=TLSRPTv1; rua=mailto:tls@example.test'], ['mail']],
    [['v=TLSRPTv1;rua=https://r.test/v1,mailto:a%40b@example.test'], ['https']],
    [['v=TLSRPTv1; rua=http://r.test/, mailto:tls@example.test;'], ['mail']],
    [['v=TLSRPTv1; rua=mailto:a@b.test', 'v=TLSRPTv1; rua=mailto:c@b.test'], []],
    [['v=TLSRPTv2; rua=mailto:a@b.test'], []],
    [['v=TLSRPTv1;'], []],
    [[], []],
  ])('%j names %j', (texts, kinds) => {
    expect(readReportPlaces(texts).map(({ kind }) => kind)).toEqual(kinds);
  });
});

describe('a report', () => {
  const [tally] = counted(GOOD, BAD).domains();
  if (tally === undefined) throw new Error('nothing was counted');
  const report = composeReport(tally, SUBMITTER);

  it('is what the standard wants', () => {
    expect(JSON.parse(gunzipSync(report.gzip).toString())).toEqual({
      'organization-name': 'Relay',
      'date-range': {
        'start-datetime': '2026-01-01T00:00:00Z',
        'end-datetime': '2026-01-01T23:59:59Z',
      },
      'contact-info': 'tls@relay.test',
      'report-id': '2026-01-01T00:00:00Z_example.test',
      policies: [
        {
          policy: {
            'policy-type': 'sts',
            'policy-string': ['version: STSv1'],
            'policy-domain': 'example.test',
            'mx-host': ['mx.example.test'],
          },
          summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 1 },
          'failure-details': [
            {
              'result-type': 'certificate-expired',
              'sending-mta-ip': '192.0.2.9',
              'receiving-mx-hostname': 'mx.example.test',
              'receiving-ip': '192.0.2.1',
              'failed-session-count': 1,
              'failure-reason-code': 'CERT_HAS_EXPIRED',
            },
          ],
        },
      ],
    });
    expect(report.fileName).toBe('relay.test!example.test!1767225600!1767311999.json.gz');
  });

  it('travels as a message that asks to arrive without TLS', () => {
    const envelope = { to: mailbox('tls@example.test'), id: 'ID', at: NOW };
    const message = composeReportMessage(report, envelope);
    const header = readHeaderSection(message);
    expect(fieldValues(header, 'tls-required')).toEqual(['No']);
    expect(fieldValues(header, 'tls-report-domain')).toEqual(['example.test']);
    expect(fieldValues(header, 'tls-report-submitter')).toEqual(['relay.test']);
    expect(fieldValues(header, 'content-type')[0]).toContain('report-type="tlsrpt"');
    expect(fieldValues(header, 'subject')).toEqual([
      'Report Domain: example.test Submitter: relay.test Report-ID: <2026-01-01T00:00:00Z_example.test@relay.test>',
    ]);
    const [, base64 = ''] = /filename="[^"]+"\r\n\r\n([^-]*)\r\n--/.exec(message.toString()) ?? [];
    expect(Buffer.from(base64, 'base64')).toEqual(report.gzip);
  });
});

interface World {
  readonly tally: Tally;
  readonly mailed: string[];
  readonly posted: Buffer[];
  readonly log: ReturnType<typeof createEventLog>;
  advance(byMs: number): Promise<void>;
  dns: ReturnType<typeof createDnsServer>;
}

/** A reporter whose day has just begun, and what the DNS says by the HTTPS host's port. */
async function begin(zone: (port: number) => Zone, status = 200): Promise<World> {
  const posted: Buffer[] = [];
  const authority = { ...makeAuthority(), commonName: 'Authority' };
  const request = {
    commonName: 'host',
    names: ['r.test'],
    notBefore: Date.now() - DAY_MS,
    notAfter: Date.now() + DAY_MS,
  };
  const { certificate, key } = createServerCertificate(request, authority);
  const host = createServer({ cert: certificate, key }, (asked, response) => {
    const chunks: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => chunks.push(chunk));
    asked.on('end', () => {
      posted.push(Buffer.concat(chunks));
      response.writeHead(status).end();
    });
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  onTestFinished(async () => {
    host.closeAllConnections();
    host.close();
    await once(host, 'close');
  });
  const { port } = host.address() as AddressInfo; // a TCP server that listens
  const dns = createDnsServer({ ...zone(port), 'r.test': { a: ['127.0.0.1'] } });
  await dns.start();
  onTestFinished(() => dns.stop());
  const log = createEventLog();
  const resolver = createResolver(
    { servers: [dns.address] },
    { clock: systemClock, logger: log.logger },
  );
  await resolver.start();
  onTestFinished(() => resolver.stop());
  const clock = createManualClock(NOW);
  const tally = counted(GOOD);
  const mailed: string[] = [];
  const reporter = new Reporter(() => SUBMITTER, {
    tally,
    resolver,
    clock,
    logger: log.logger,
    https: { forbidden: createNetworks([]), authorities: [authority.certificate] },
    async submit({ bytes, to }) {
      mailed.push(`${to.localPart}@${to.domain} ${bytes.byteLength > 500}`);
    },
  });
  await reporter.start();
  onTestFinished(() => reporter.stop());
  return { tally, mailed, posted, log, dns, advance: (byMs) => clock.advance(byMs) };
}

function makeAuthority(): ReturnType<typeof createAuthority> {
  const [notBefore, notAfter] = [Date.now() - DAY_MS, Date.now() + DAY_MS];
  return createAuthority({ commonName: 'Authority', names: ['r.test'], notBefore, notAfter });
}

describe('reporting', () => {
  it('goes by mail and by HTTPS, when the day is over', async () => {
    const world = await begin((port) => ({
      '_smtp._tls.example.test': {
        txt: [`v=TLSRPTv1; rua=mailto:tls@example.test,https://r.test:${port}/v1`],
      },
    }));
    world.tally.count(GOOD, NOW);
    await world.advance(12 * HOUR_MS);
    expect(world.dns.asked).toEqual([]);
    await world.advance(DUE_AFTER_MS - 12 * HOUR_MS);
    await world.log.next('tls-report-sent');
    expect(world.mailed).toEqual(['tls@example.test true']);
    expect(world.posted).toHaveLength(1);
    expect(world.tally.domains()).toEqual([]);
  });

  it('is tried again for a day, and then dropped', async () => {
    const world = await begin(
      (port) => ({
        '_smtp._tls.example.test': { txt: [`v=TLSRPTv1; rua=https://r.test:${port}/`] },
      }),
      500,
    );
    await world.advance(DUE_AFTER_MS);
    expect(await world.log.next('tls-report-failed')).toMatchObject({
      reason: 'HTTP status 500',
      givesUp: false,
    });
    expect(world.tally.domains()).toHaveLength(1);
    let failures = 1;
    for (let givesUp = false; !givesUp; failures++) {
      await world.advance(HOUR_MS);
      givesUp = (await world.log.next('tls-report-failed'))['givesUp'] === true;
    }
    expect(failures).toBeGreaterThan(20);
    expect(failures).toBeLessThan(28);
    expect(world.tally.domains()).toEqual([]);
  });

  it('waits where the DNS does not answer', async () => {
    const world = await begin(() => ({}));
    world.dns.fail('*', 'server-failure');
    await world.advance(DUE_AFTER_MS);
    expect(await world.log.next('tls-report-failed')).toMatchObject({ givesUp: false });
    expect(world.tally.domains()).toHaveLength(1);
  });

  it('is of no use where nobody asks for it', async () => {
    const world = await begin(() => ({}));
    const forgotten = Promise.withResolvers<void>();
    world.tally.onChange = () => forgotten.resolve();
    await world.advance(DUE_AFTER_MS);
    await forgotten.promise;
    expect(world.tally.domains()).toEqual([]);
    expect(world.mailed).toEqual([]);
  });
});
