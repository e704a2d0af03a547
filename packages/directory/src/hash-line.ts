/**
 * A line in front of the password hashes: one at a time, the clients by turns, and where
 * too many wait somebody is sent away: the last of the client that has the most in line.
 *
 * A hash keeps one of libuv's four threads busy for tens of milliseconds; more than one
 * at a time and file syncs wait for logins (architecture §5). By turns, so that a client
 * that guesses a thousand passwords waits for its own guesses and nobody else does.
 */
import { refuse } from '@posthouse/mail';

export interface HashLine {
  /**
   * Does the work when its turn comes.
   * @param client what counts as one client
   * @throws MailError `authentication-unavailable` when it is sent away
   */
  run<T>(client: string, work: () => Promise<T>): Promise<T>;
}

interface Job {
  work(): Promise<void>;
  sendAway(): void;
}

export function createHashLine(maxWaiting: number): HashLine {
  /** By client, and the client whose turn is next first; no list is empty. */
  const waiting = new Map<string, Job[]>();
  let inLine = 0;
  let busy = false;

  const next = (): Job | undefined => {
    const [turn] = waiting;
    if (turn === undefined) return undefined;
    const [client, jobs] = turn;
    waiting.delete(client);
    const job = jobs.shift();
    if (jobs.length > 0) waiting.set(client, jobs);
    inLine--;
    return job;
  };

  const serve = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    for (let job = next(); job !== undefined; job = next()) await job.work();
    busy = false;
  };

  /** Whether there is room for one more of this client. */
  const makeRoom = (client: string): boolean => {
    if (inLine < maxWaiting) return true;
    const [longest] = [...waiting.values()].toSorted((a, b) => b.length - a.length);
    const own = waiting.get(client)?.length ?? 0;
    if (longest === undefined || longest.length <= own + 1) return false;
    longest.pop()?.sendAway();
    inLine--;
    return true;
  };

  return {
    run: (client, work) =>
      new Promise((resolve, reject) => {
        const job: Job = {
          work: () => work().then(resolve, reject),
          sendAway: () => reject(refuse('authentication-unavailable')),
        };
        if (!makeRoom(client)) return job.sendAway();
        const jobs = waiting.get(client);
        if (jobs === undefined) waiting.set(client, [job]);
        else jobs.push(job);
        inLine++;
        void serve();
      }),
  };
}
