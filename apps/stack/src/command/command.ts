/** A subcommand of `posthouse`. */

/** What every command may know of the program. */
export interface CommandContext {
  readonly version: string;
}

/** Runs with its own arguments and answers with the exit code. */
export interface Command {
  run(argv: readonly string[], context: CommandContext): Promise<number>;
}
