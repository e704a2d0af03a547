/** Exit codes, as sysexits.h has them: what supervisors and scripts act on. */
export const EXIT = {
  ok: 0,
  /** The command line was wrong. */
  usage: 64,
  /** What was given as input is wrong. */
  data: 65,
  /** An input file is not there, or cannot be read. */
  noInput: 66,
  /** There is no such recipient. */
  noUser: 67,
  /** There is no such mail domain. */
  noHost: 68,
  /** Something that is needed does not answer, or an address is in use. */
  unavailable: 69,
  /** A fault of ours. */
  software: 70,
  /** The system lacks something. */
  osError: 71,
  /** An output file cannot be made. */
  cannotCreate: 73,
  ioError: 74,
  /** Not now; trying again may help. */
  tempFail: 75,
  noPermission: 77,
  /** The configuration is wrong. */
  configuration: 78,
} as const;

/** A name of an exit code. */
export type ExitName = keyof typeof EXIT;

/** Ends the process with a code and a text for people, where it reaches the top. */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exit: ExitName;

  constructor(exit: ExitName, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause });
    this.exit = exit;
  }
}
