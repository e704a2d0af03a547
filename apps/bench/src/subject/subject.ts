/** Somebody who is measured: how it is started, where it takes mail, what it leaves. */
import type { SubjectName } from '../benchmark-case.ts';
import type { Entry } from '../load/client-session.ts';
import type { Environment } from '../meter/slow-sync.ts';

/** What a subject is started with. */
export interface SubjectSetting {
  /** Its own, empty. Nothing in it is deleted before all runs are over. */
  readonly directory: string;
  /** Where it relays to; no such host, no relaying. */
  readonly sinkPort?: number;
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
  /** From the start of its process to its greeting. */
  readonly startedInMs: number;
  readonly exchange: Entry;
  readonly submission?: Entry;
  /** Where the messages for its own domain arrive: `new` of a Maildir. */
  readonly mailbox?: string;
  stop(): Promise<void>;
}

/** A kind of subject. */
export interface Subject {
  readonly name: SubjectName;
  /** Why it cannot be measured here, in words that begin with what is missing; undefined where it can. */
  obstacle(): Promise<string | undefined>;
  /** @throws Error where it does not begin to take mail */
  start(setting: SubjectSetting): Promise<RunningSubject>;
}
