/** Somebody who is measured: how it is started, where it takes mail, what it leaves. */
import type { Copies } from '../backlog/copies.ts';
import type { Entry } from '../load/client-session.ts';
import type { Load } from '../load/load.ts';
import type { Environment } from '../meter/slow-sync.ts';

/** Who can be measured. */
export type SubjectName =
  | 'posthouse'
  | 'postfix'
  | 'exim'
  | 'opensmtpd'
  | 'haraka'
  | 'dovecot'
  | 'ceiling';

/** Where mail is relayed to: hosts of loopback, all on one port. */
export interface SinkPlace {
  readonly port: number;
  /** 1: everything goes to 127.0.0.1; more: each of so many domains to its own host (see load). */
  readonly domains: number;
}

/** What a subject is started with. */
export interface SubjectSetting {
  /** Its own, empty. Nothing in it is deleted before all runs are over. */
  readonly directory: string;
  /** Where it relays to; no such place, no relaying. */
  readonly sink?: SinkPlace;
  /** Command that it runs under. @default none */
  readonly under?: readonly string[];
  /** For each of its processes. @default nothing but what we have ourselves */
  readonly environment?: Environment;
  /** Where to write a CPU profile, if the subject can. */
  readonly profileDirectory?: string;
}

/** A subject that takes mail. */
export interface RunningSubject {
  /** The root of its processes. */
  readonly pid: number;
  /** When its process was started, by our `now`. */
  readonly startedAt: number;
  /** From then to its greeting. */
  readonly startedInMs: number;
  /** Ways in; each subject has one of them at least. */
  readonly exchange?: Entry;
  readonly submission?: Entry;
  readonly lmtp?: Entry;
  /** Where the messages for its own domain arrive: `new` of a Maildir. */
  readonly mailbox?: string;
  /** Resolves when all that it has taken has failed once for now. @default at once */
  deferred?(): Promise<void>;
  stop(): Promise<void>;
}

/** A kind of subject. */
export interface Subject {
  readonly name: SubjectName;
  /** Where it can take mail to. @default everywhere */
  readonly destinations?: readonly Load['destination'][];
  /** It does not greet more of them. @default as many as the load has */
  readonly maxSessions?: number;
  /** What one must know to compare it with the others. */
  readonly remark?: string;
  /** Why it cannot be measured here, in words that begin with what is missing; undefined where it can. */
  obstacle(): Promise<string | undefined>;
  /**
   * Makes many messages of the one that is queued in the directory of the stopped subject, for
   * who can do so. @throws Error
   */
  multiply?(directory: string, copies: Copies): Promise<void>;
  /** @throws Error where it does not begin to take mail */
  start(setting: SubjectSetting): Promise<RunningSubject>;
}
