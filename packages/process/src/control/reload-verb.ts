/** The order to read configuration, accounts and certificates again. */
import type { ReloadResult } from '../agent.ts';
import { ExitError } from '../exit-code.ts';
import type { ControlVerb } from './server.ts';

/** @param reload what does it */
export function createReloadVerb(reload: () => Promise<ReloadResult>): ControlVerb {
  return async function* reloadVerb() {
    const result = await reload();
    if (result.kind === 'refused') {
      const text = 'The files have mistakes, what was there stays in use; see the log';
      throw new ExitError('configuration', text);
    }
    const { waiting } = result;
    yield { waiting };
  };
}
