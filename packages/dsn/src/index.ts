/** Delivery status notifications: who gets one, compose it, read one. Pure. */
export { composeDsn } from './compose-dsn.ts';
export type { ComposedDsn } from './compose-dsn.ts';
export { decodeWords } from './encoded-words.ts';
export { decideNotifications } from './decide.ts';
export type { Notification, NotificationPolicy } from './decide.ts';
export type { Action, Expanded, RecipientFate } from './fate.ts';
export type { DsnReport, ReportedMessage } from './report.ts';
export { readReturnedContent } from './returned-content.ts';
export type { ReturnRules, ReturnedContent } from './returned-content.ts';
export { readDsn } from './read-dsn.ts';
export type { ReadRecipient, ReadReport, ReadReturned, Typed } from './read-dsn.ts';
export type { StatusBlock, StatusField } from './status-fields.ts';
