/**
 * Agents as this package sees them: something that is started with a configuration, can
 * take another one, and stops.
 */
import type { Logger } from '@posthouse/mail';
import type { AgentOption, OptionValues } from './command-line.ts';
import type { ConfigurationReader } from './configuration-file.ts';
import type { LogSettings } from './logger.ts';

/** What a configuration must have for `runAgent`. */
export interface AgentConfiguration {
  readonly log: LogSettings;
}

/** A program that runs one agent, or several. */
export interface AgentProgram<C extends AgentConfiguration> {
  /** In the log and in messages, for example `relay`. */
  readonly name: string;
  readonly version: string;
  /** The head of `--help`: how to call it, and what it does. */
  readonly usage: string;
  /** Options beside --config, --check, --help and --version. */
  readonly options?: Readonly<Record<string, AgentOption>> | undefined;
  /** @default the process's own arguments */
  readonly argv?: readonly string[] | undefined;
  /** Reads the text of the configuration file; `readConfiguration` of @posthouse/configuration. */
  readonly readConfiguration: ConfigurationReader<C>;
  /** The settings that differ and are read at the start only, to be told at a reload. @default none */
  readonly settingsThatWait?: ((started: C, next: C) => readonly string[]) | undefined;
  /** Starts it. What it throws ends the process; an ExitError says with which code. */
  start(context: AgentContext<C>): Promise<RunningAgent<C>>;
  /** After this long a stop that has not ended is given up, and the process ends. @default 60 s */
  readonly stopDeadlineMs?: number | undefined;
}

/** What an agent is started with. */
export interface AgentContext<C> {
  readonly configuration: C;
  /** Of the configuration file; absent: there is none. */
  readonly configurationPath?: string;
  /** The values of the program's own options. */
  readonly values: OptionValues;
  readonly logger: Logger;
  /** Aborted when the process is to stop while `start` is still at work. */
  readonly stopping: AbortSignal;
  /** Does what SIGHUP does. */
  reload(): Promise<ReloadResult>;
}

/** What a reload came to. */
export type ReloadResult =
  /** The new configuration is in use, but for the settings that wait for the next start. */
  | { readonly kind: 'taken'; readonly waiting: readonly string[] }
  /** What was there stays in use; the log says why. */
  | { readonly kind: 'refused' };

/** An agent that runs. */
export interface RunningAgent<C> {
  /** For the line that says that it is ready, for example where it listens. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** Stops in good manners: takes no more, ends what is under way. */
  stop(): Promise<void>;
  /**
   * Takes a new configuration, and reads accounts, certificates and other files again, without
   * dropping sessions. @throws anything: then the old configuration is still in use
   */
  reload?(configuration: C): Promise<void>;
}
