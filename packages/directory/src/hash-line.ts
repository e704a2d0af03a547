/**
 * A line in front of the password hashes: one at a time, the others wait, and where too
 * many wait the next is sent away.
 *
 * A hash keeps one of libuv's four threads busy for tens of milliseconds; more than one
 * at a time and file syncs wait for logins (architecture §5).
 */
import { refuse } from '@posthouse/mail';

export interface HashLine {
  /** Does the work when its turn comes. @throws MailError `authentication-unavailable` when the line is full */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createHashLine(maxWaiting: number): HashLine {
  let last: Promise<unknown> = Promise.resolve();
  let inLine = 0;

  return {
    async run(work) {
      // One is being served, the others wait.
      if (inLine > maxWaiting) throw refuse('authentication-unavailable');
      inLine++;
      const turn = last.then(work);
      last = turn.catch(() => undefined);
      try {
        return await turn;
      } finally {
        inLine--;
      }
    },
  };
}
