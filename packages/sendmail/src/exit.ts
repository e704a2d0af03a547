/**
 * How a call ends, by the names of sysexits; whoever runs the command knows their numbers.
 */

export type SendmailExit =
  | 'ok'
  /** The command line is wrong, or nobody is named. */
  | 'usage'
  /** An address or a message that cannot be read. */
  | 'data'
  | 'noUser'
  | 'noHost'
  | 'unavailable'
  | 'tempFail'
  | 'noPermission'
  | 'configuration';

/** Ends a call, with a text for the caller. */
export class SendmailError extends Error {
  override readonly name = 'SendmailError';
  readonly exit: SendmailExit;

  constructor(exit: SendmailExit, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause });
    this.exit = exit;
  }
}
