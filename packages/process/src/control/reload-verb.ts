/** The order to read configuration, accounts and certificates again. */
import { ExitError } from '../exit-code.ts';
import type { ControlVerb } from './server.ts';

/** @param reload resolves with whether the new configuration is in use */
export function createReloadVerb(reload: () => Promise<boolean>): ControlVerb {
  return async function* reloadVerb() {
    if (!(await reload())) {
      const text = 'The files have mistakes, what was there stays in use; see the log';
      throw new ExitError('configuration', text);
    }
    yield {};
  };
}
