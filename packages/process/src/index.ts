/** The scaffold of executables: command line, log, signals, reload, exit codes. See README.md. */
export type {
  AgentConfiguration,
  AgentContext,
  AgentProgram,
  ReloadResult,
  RunningAgent,
} from './agent.ts';
export { readCertificate } from './certificate.ts';
export type { Certificate, CertificatePlace } from './certificate.ts';
export type { AgentOption, OptionValues } from './command-line.ts';
export { ConfigurationError, loadConfiguration } from './configuration-file.ts';
export type { ConfigurationReader, LoadedConfiguration } from './configuration-file.ts';
export { connectControl } from './control/client.ts';
export type { ControlClient } from './control/client.ts';
export type { ControlFields } from './control/protocol.ts';
export { createReloadVerb } from './control/reload-verb.ts';
export { startControl } from './control/server.ts';
export type { Control, ControlVerb, ControlVerbs } from './control/server.ts';
export { escapeControls } from './escape.ts';
export { EXIT, ExitError } from './exit-code.ts';
export type { ExitName } from './exit-code.ts';
export type { LogLevel, LogSettings, ProcessLogger } from './logger.ts';
export { readVersion } from './manifest.ts';
export { readAuthorities, readNextHop } from './next-hop.ts';
export type { NextHopPlace, NextHopTarget } from './next-hop.ts';
export { reportProblems } from './problem-report.ts';
export type { FileProblem } from './problem-report.ts';
export { repeatedOption } from './repeated-option.ts';
export { runAgent } from './run-agent.ts';
export { readSecret } from './secret.ts';
export type { SecretPlace } from './secret.ts';
export { explainStartFailure } from './start-failure.ts';
export type { StartFailure } from './start-failure.ts';
