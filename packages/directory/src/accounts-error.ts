/**
 * AccountsError: what an operator's change of the accounts, or its reading, met with.
 *
 * The message is for the operator; nothing of it goes to a peer.
 */
import type { AccountsProblem } from './accounts-format.ts';

/**
 * - `broken`: the file has mistakes; `problems` has them all
 * - `no-such-account`, `account-exists`: as it says
 * - `bad-name`, `bad-password`: what was given cannot be used
 * - `locked`: another command is changing the file
 */
export type AccountsErrorKind =
  | 'broken'
  | 'no-such-account'
  | 'account-exists'
  | 'bad-name'
  | 'bad-password'
  | 'locked';

/** A change that was not made, or a file that was not read. */
export class AccountsError extends Error {
  override readonly name = 'AccountsError';
  readonly kind: AccountsErrorKind;
  /** Only of `broken`. */
  readonly problems: readonly AccountsProblem[];

  constructor(kind: AccountsErrorKind, text: string, problems: readonly AccountsProblem[] = []) {
    super(text);
    this.kind = kind;
    this.problems = problems;
  }
}

/** The error of a file with mistakes, each on a line of its own. */
export function brokenAccounts(path: string, problems: readonly AccountsProblem[]): AccountsError {
  const lines = problems.map(({ line, text }) => `\n  line ${line}: ${text}`);
  return new AccountsError(
    'broken',
    `the accounts file ${path} has mistakes:${lines.join('')}`,
    problems,
  );
}
