/** Mail of programs on this host: the `sendmail` command, and the spool behind it. */
export { createCollector } from './collector.ts';
export type { CollectorDeps, CollectorOptions } from './collector.ts';
export { sendmail } from './sendmail.ts';
export type { SendmailProgram } from './sendmail.ts';
export type { SendmailExit } from './exit.ts';
export { sendmailSettings, SYSTEM_CONFIGURATION } from './settings.ts';
export type { ReadNextHop, SendmailSettings } from './settings.ts';
