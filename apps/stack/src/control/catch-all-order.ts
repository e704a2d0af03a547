/**
 * Asking what runs whether it keeps all mail in one mailbox: both ends of that order. The files
 * say nothing of it, because it was asked for on the command line of `up`.
 */
import { connectControl, ExitError } from '@posthouse/process';

const ORDER = 'stack.catch-all';

/** Answers for a stack. @param account absent: it catches nothing */
export function catchAllVerbs(
  account: string | undefined,
): Readonly<Record<string, () => AsyncIterable<object>>> {
  return {
    async *[ORDER]() {
      if (account !== undefined) yield { account };
    },
  };
}

/** The mailbox where all is kept; `undefined` where nothing runs, or what runs catches nothing. */
export async function askCatchAll(stateDirectory: string): Promise<string | undefined> {
  const running = await connectControl(stateDirectory);
  if (running === undefined) return undefined;
  try {
    // Boundary: of our own server.
    for await (const item of running.order(ORDER)) return (item as { account: string }).account;
    return undefined;
  } catch (error) {
    // A relay alone does not know the order, and catches nothing.
    if (error instanceof ExitError && error.exit === 'unavailable') return undefined;
    throw error;
  } finally {
    running.close();
  }
}
