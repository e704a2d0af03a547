/** `posthouse sendmail`: the sendmail command under our own name. */
import { sendmail as run } from '@posthouse/sendmail';
import type { Command } from './command.ts';

export const sendmail: Command = {
  run: (argv) => run(argv, { isCommand: true }),
};
