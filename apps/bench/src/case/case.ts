/** A case: one thing to measure, how it is run and what it answers with. */
import type { Environment } from '../meter/slow-sync.ts';
import type { Subject, SubjectName } from '../subject/subject.ts';

/** What a case is run with. */
export interface CaseContext {
  readonly subjects: readonly Subject[];
  /** Rounds that count. */
  readonly rounds: number;
  /** In place of the case's own number of messages. */
  readonly messages?: number;
  /** How long each round takes messages in, in place of the case's own time. */
  readonly seconds?: number;
  /** In place of the case's own number of sessions. */
  readonly sessions?: number;
  /** Its own; there already. Nothing in it is deleted before all cases have run. */
  readonly directory: string;
  /** How much longer every sync lasts, */
  readonly syncDelayMs: number;
  /** which this brings about. */
  readonly environment: Environment;
  /** Where Posthouse writes CPU profiles. @default it writes none */
  readonly profileDirectory?: string;
  /** Told what happens, for those who wait. */
  tell(text: string): void;
}

/** What was found. */
export interface CaseFindings {
  /** For programs: one for each subject, at least. */
  readonly rows: readonly object[];
  /** For people: a head and lines. */
  readonly table: readonly (readonly string[])[];
  /** What else one must know to read the table. */
  readonly notes: readonly string[];
  /** Subjects that came to no end, and why. @default none */
  readonly failures?: readonly string[];
}

/** One thing to measure. */
export interface BenchmarkCase {
  readonly name: string;
  readonly title: string;
  /** Who takes part where nobody is named. */
  readonly subjects: readonly SubjectName[];
  /** Whether slow syncs say something about it. */
  readonly syncs: boolean;
  /** @throws Error when a subject fails or loses mail */
  run(context: CaseContext): Promise<CaseFindings>;
}
