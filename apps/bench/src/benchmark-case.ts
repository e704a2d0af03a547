/**
 * What is measured: the load, the way it takes, and who takes part.
 *
 * A case is data. Every subject of a case gets the same messages, from the same number of
 * sessions, for the same destination.
 */

/** Who can be measured. */
export type SubjectName = 'posthouse' | 'postfix' | 'ceiling';

/** One load. */
export interface BenchmarkCase {
  readonly name: string;
  readonly title: string;
  /** Octets of one message as it is sent, header section included. */
  readonly messageBytes: number;
  /** Sessions at the same time. */
  readonly sessions: number;
  /** Whether a session sends one message after another, or only one. */
  readonly reuse: boolean;
  /** Port 25 without TLS, or submission with STARTTLS and AUTH. */
  readonly entry: 'exchange' | 'submission';
  /** A Maildir, or another host. */
  readonly destination: 'mailbox' | 'sink';
  /** Messages of a round, unless `--messages` says otherwise. */
  readonly messages: number;
  readonly subjects: readonly SubjectName[];
}

const everybody: readonly SubjectName[] = ['posthouse', 'postfix', 'ceiling'];

const common = {
  messageBytes: 4096,
  sessions: 20,
  reuse: true,
  entry: 'exchange',
  destination: 'mailbox',
  messages: 4000,
  subjects: everybody,
} as const;

/** All cases, in the order in which they run. */
export const CASES: readonly BenchmarkCase[] = [
  { ...common, name: 'mailbox', title: 'port 25 → Maildir, 4 KB, 20 sessions' },
  {
    ...common,
    name: 'relay',
    title: 'port 25 → sink, 4 KB, 20 sessions',
    destination: 'sink',
  },
  {
    ...common,
    name: 'no-reuse',
    title: 'port 25 → Maildir, 4 KB, 20 sessions at a time, one message each',
    reuse: false,
    messages: 2000,
  },
  {
    ...common,
    name: 'one-session',
    title: 'port 25 → Maildir, 4 KB, one session at a time, one message each',
    sessions: 1,
    reuse: false,
    messages: 500,
  },
  {
    ...common,
    name: 'large',
    title: 'port 25 → Maildir, 100 KB, 20 sessions',
    messageBytes: 102_400,
    messages: 1500,
  },
  {
    ...common,
    name: 'submission',
    title: 'submission with STARTTLS and AUTH → Maildir, 4 KB, 20 sessions',
    entry: 'submission',
    subjects: ['posthouse', 'postfix'],
  },
];
