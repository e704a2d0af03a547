/** Loads reach whom they say, at the rate that they say. */
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { SinkRecord } from '../src/arrival/sink-record.ts';
import { createSink } from '../src/arrival/sink-server.ts';
import { drive } from '../src/load/drive.ts';
import { createEnvelope } from '../src/load/envelope.ts';
import { COMMON_LOAD, distantHost, envelopesOf } from '../src/load/load.ts';
import { drivePaced } from '../src/load/pace.ts';
import { createPattern } from '../src/message.ts';

test('a load into a Maildir has one recipient, another as many and as far apart as it says', () => {
  expect(envelopesOf(COMMON_LOAD)(7).forwardPaths).toEqual(['box@local.test']);
  const sink = { ...COMMON_LOAD, destination: 'sink' } as const;
  expect(envelopesOf({ ...sink, recipients: 2 })(7).forwardPaths).toEqual([
    'r0@sink.test',
    'r1@sink.test',
  ]);
  expect(envelopesOf({ ...sink, domains: 5 })(7).forwardPaths).toEqual(['r0@d2.many.test']);
});

test('a load ends with its messages, or with its time', async () => {
  const pattern = createPattern(1000);
  const record = new SinkRecord(pattern);
  const server = createSink(record).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const paths = createEnvelope('a@local.test', ['r0@sink.test']);
  const shape = { run: 'timed', sessions: 2, reuse: true, pattern, envelope: () => paths };
  const endless = Number.POSITIVE_INFINITY;
  expect(await drive({ port }, { ...shape, messages: 7, seconds: endless })).toBe(7);
  const sent = await drive({ port }, { ...shape, run: 'more', messages: endless, seconds: 0.02 });
  expect(record.check('more').good).toBe(sent);
});

test('a thousand domains have a thousand hosts of loopback', () => {
  const hosts = Array.from({ length: 1000 }, (_, index) => distantHost(index));
  expect(new Set(hosts).size).toBe(1000);
  expect(
    hosts.every((host) => /^127\.1\.[0-3]\.(?:[1-9]|\d\d|1\d\d|2[0-4]\d|250)$/.test(host)),
  ).toBe(true);
});

test.each([true, false])(
  'a paced load is sent whole, each message in its time (reuse %s)',
  async (reuse) => {
    const pattern = createPattern(1000);
    const record = new SinkRecord(pattern);
    const server = createSink(record).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const paths = createEnvelope('a@local.test', ['r0@sink.test']);
    const shape = { run: 'paced', messages: 20, sessions: 3, reuse, pattern };
    const sent = await drivePaced({ port }, { ...shape, perSecond: 1000, envelope: () => paths });
    const found = record.check('paced');
    expect(found).toMatchObject({ good: 20, repeated: 0, foreign: 0 });
    for (const { begunAt, number, sentAt, takenAt } of sent) {
      const arrivedAt = found.times.get(number) ?? Number.NaN;
      expect([begunAt, sentAt, arrivedAt, takenAt]).toEqual(
        [begunAt, sentAt, arrivedAt, takenAt].toSorted((a, b) => a - b),
      );
    }
  },
);
