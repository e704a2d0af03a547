/** The author's side: compose a message, submit it, read a Maildir, explain what went wrong. */
export { compose } from './compose/compose.ts';
export type { ComposedMessage } from './compose/compose.ts';
export type {
  Draft,
  DraftAddress,
  DraftAddresses,
  DraftAttachment,
  DraftContent,
  DraftField,
  DraftMailbox,
} from './compose/draft.ts';
export { DraftError } from './compose/draft-error.ts';
export type { DraftProblem } from './compose/draft-error.ts';
export { findProvider, listProviders } from '@posthouse/providers';
export type { Provider } from '@posthouse/providers';
export { submit } from './submission/submit.ts';
export type { OutgoingMessage, SubmissionDeps, SubmissionOptions } from './submission/submit.ts';
export type { SubmissionLogin, SubmissionServer } from './submission/submission-server.ts';
export { isComplete } from './submission/receipt.ts';
export type { Receipt, ReceiptLine } from './submission/receipt.ts';
export { explainFailure } from './submission/explain-failure.ts';
export type { FailureExplanation, SubmissionFacts } from './submission/explain-failure.ts';
export type { FailureReason } from './submission/failure-reason.ts';
export { examineServer } from './doctor/examine-server.ts';
export type { Examination, Finding } from './doctor/examine-server.ts';
export type { CertificateFacts } from '@posthouse/smtp';
export { createMaildirReader } from './reading/maildir-reader.ts';
export type {
  MaildirReader,
  MaildirReaderOptions,
  MessageReference,
} from './reading/maildir-reader.ts';
export type { MessagePage, PageOptions } from './reading/select-messages.ts';
export type { Criteria } from './reading/criteria.ts';
export type { MessageSummary, ShownAddress } from './reading/message-summary.ts';
export type { ShownMessage } from './reading/show-message.ts';
export type { AttachmentFacts, OpenAttachment, ReadAttachment } from './reading/attachment.ts';
export { MaildirError } from './maildir/maildir-error.ts';
export type { MaildirErrorKind } from './maildir/maildir-error.ts';
export type { MessageFlags } from './maildir/entry.ts';
