/** The durable promise to deliver: what a queue remembers, and the store that keeps it. */
export { StoreError } from './store.ts';
export type {
  AcceptResult,
  Claimed,
  ClaimRequest,
  Conclusion,
  ConclusionResult,
  ContentStage,
  Durability,
  EventPage,
  Intervened,
  Intervention,
  LeasedKey,
  LoggedMessage,
  NewMessage,
  Note,
  Page,
  QueueEntry,
  RecipientChange,
  SelectedClaim,
  Selection,
  StagedContent,
  Store,
  StoreUsage,
  SummaryLine,
} from './store.ts';
export type {
  ContentPointer,
  LaneKey,
  Lease,
  MessageRecord,
  Priority,
  QueueId,
  RecipientKey,
  RecipientRecord,
  SiteKey,
  StoredMessage,
} from './record.ts';
export type { EventCursor, EventKind, NewEvent, QueueEvent } from './event.ts';
export type { AllowanceKey, RoutedMessage, RoutePlan, RoutePlanner, SiteLimits } from './route.ts';
export type { RateStanding } from './allowances.ts';
export { readNotedPace } from './pace-view.ts';
export type { PaceView } from './pace-view.ts';
export type { SiteStanding } from './site-standing.ts';
export type { Shape } from './shape.ts';
export type { Attempt, Transmitter } from './transmitter.ts';
export type {
  BackPressureOptions,
  ConcurrencyOptions,
  NotificationOptions,
  QueueOptions,
} from './options.ts';
export { createRetrySchedule } from './retry-schedule.ts';
export type {
  NextAttempt,
  OpenAttempt,
  RetryOptions,
  RetryRule,
  RetrySchedule,
} from './retry-schedule.ts';
export { createQueue } from './queue.ts';
export type { Queue, QueueActivity, QueueDeps } from './queue.ts';
export type { Inspect, InspectedEnvelope, NamedRecipient, Opening } from './intake.ts';
export { createMemoryStore } from './memory/memory-store.ts';
export { transmitToReceiver } from './transmit-to-receiver.ts';
export { createSqliteStore } from './sqlite/sqlite-store.ts';
export type { SqliteStoreDeps, SqliteStoreOptions } from './sqlite/sqlite-store.ts';
export type { DamageReport } from './sqlite/damage.ts';
export { createOperator } from './operate.ts';
export type { Operator, OperatorDeps, OperatorOptions, Removal, ShownMessage } from './operate.ts';
export { exportTo, importFrom } from './export-folder.ts';
export type { Imported } from './export-folder.ts';
export { AGE_BOUNDS_MS } from './rules/age.ts';
export { searchKey } from './rules/search-keys.ts';
export { describeEvent } from './trace.ts';
