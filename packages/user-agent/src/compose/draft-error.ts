/**
 * What is wrong with a draft: every problem, with the place it is in.
 *
 * A mistake of the author's, never a fault of ours; nothing was made and nothing sent.
 */

/** One mistake. */
export interface DraftProblem {
  /** Where it is: `to`, `attachments[1].cid`. */
  readonly place: string;
  /** A sentence for the author, without its full stop. */
  readonly text: string;
}

/** A draft that cannot become a message. */
export class DraftError extends Error {
  override readonly name = 'DraftError';
  readonly problems: readonly DraftProblem[];

  constructor(problems: readonly DraftProblem[]) {
    super(problems.map(({ place, text }) => `${place}: ${text}`).join('; '));
    this.problems = problems;
  }
}
