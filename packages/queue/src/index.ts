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
  Intervention,
  LeasedKey,
  NewMessage,
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
} from './record.ts';
export type { EventCursor, EventKind, NewEvent, QueueEvent } from './event.ts';
