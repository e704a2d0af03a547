/** All cases, in the order in which they run. */
import { backlog } from './backlog.ts';
import type { BenchmarkCase } from './case.ts';
import { flood } from './flood.ts';
import { latencyCase } from './latency.ts';
import { startUp } from './start-up.ts';
import { syncs } from './syncs.ts';
import type { SubjectName } from '../subject/subject.ts';
import { throughputCase } from './throughput.ts';

const WITH_CEILING: readonly SubjectName[] = ['posthouse', 'postfix', 'ceiling'];

export const CASES: readonly BenchmarkCase[] = [
  throughputCase('mailbox', 'port 25 → Maildir, 4 KB, 20 sessions', {}, [
    ...WITH_CEILING,
    'exim',
    'opensmtpd',
  ]),
  throughputCase('lmtp', 'LMTP → Maildir, 4 KB, 20 sessions', { entry: 'lmtp' }, [
    'posthouse',
    'dovecot',
  ]),
  throughputCase('relay', 'port 25 → sink, 4 KB, 20 sessions', { destination: 'sink' }, [
    ...WITH_CEILING,
    'exim',
    'haraka',
  ]),
  throughputCase('relay-100', 'port 25 → sink, 4 KB, 100 sessions', {
    destination: 'sink',
    sessions: 100,
  }),
  throughputCase('no-reuse', 'port 25 → Maildir, 4 KB, 20 sessions at a time, one message each', {
    reuse: false,
  }),
  throughputCase(
    'one-session',
    'port 25 → Maildir, 4 KB, one session at a time, one message each',
    { sessions: 1, reuse: false },
  ),
  throughputCase('large', 'port 25 → Maildir, 100 KB, 20 sessions', {
    messageBytes: 102_400,
  }),
  throughputCase('huge', 'port 25 → Maildir, 10 MB, 4 sessions', {
    messageBytes: 10_485_760,
    sessions: 4,
    messages: 60,
  }),
  throughputCase('recipients', 'port 25 → sink, 4 KB, 100 recipients each, 20 sessions', {
    destination: 'sink',
    recipients: 100,
  }),
  throughputCase('destinations', 'port 25 → 1,000 hosts, 4 KB, 20 sessions', {
    destination: 'sink',
    domains: 1000,
    messages: 4000,
    seconds: Number.POSITIVE_INFINITY,
  }),
  throughputCase('distant', 'port 25 → sink that is 50 ms away, 4 KB, 20 sessions', {
    destination: 'sink',
    roundTripMs: 50,
    messages: 2000, // in 6 s so much would be taken in that its way out took minutes
  }),
  throughputCase(
    'submission',
    'submission with STARTTLS and AUTH → Maildir, 4 KB, 20 sessions',
    { entry: 'submission' },
    ['posthouse', 'postfix'],
  ),
  latencyCase('latency', 'port 25 → Maildir, 4 KB: when idle and at half load', 'mailbox'),
  latencyCase('latency-relay', 'port 25 → sink, 4 KB: when idle and at half load', 'sink'),
  flood,
  backlog,
  syncs,
  startUp,
];
