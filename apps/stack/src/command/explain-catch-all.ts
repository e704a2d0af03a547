/** Whether all that the files say is beside the point, because what runs keeps all mail. */
import { displayMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import { askCatchAll } from '../control/catch-all-order.ts';
import { rehearsedOutcome } from '../rehearsal/rehearsed-outcome.ts';
import type { Decision } from './explain-decision.ts';

/** Nothing, where nothing is caught. */
export async function explainCatchAll(
  to: Mailbox,
  stateDirectory: string,
): Promise<readonly Decision[]> {
  const account = await askCatchAll(stateDirectory);
  if (account === undefined) return [];
  const fate =
    rehearsedOutcome(to) === undefined
      ? `all mail ends in ${account} and nothing goes out`
      : 'it makes happen what its name says (docs/local-development.md)';
  return [
    {
      address: displayMailbox(to),
      topic: 'caught',
      text: `${fate}, as long as this stack runs; what follows is of one that catches nothing`,
      because: 'the running stack was started with --catch-all',
    },
  ];
}
