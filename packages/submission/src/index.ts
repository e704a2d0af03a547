/** The submission agent (RFC 6409): who may say what, and a header section that is fit to travel. */
export { createAuthorReceiver } from './author-receiver.ts';
export type { AuthorReceiverDeps, AuthorReceiverOptions } from './author-receiver.ts';
export { createSendingAllowance } from './limits.ts';
export type { SendingAllowance, SendingLimits } from './limits.ts';
export { createLocalSubmission } from './local-submission.ts';
export type {
  LocalSubmission,
  LocalSubmissionDeps,
  LocalSubmissionOptions,
} from './local-submission.ts';
export { createSubmission } from './submission.ts';
export type { Submission, SubmissionDeps, SubmissionOptions } from './submission.ts';
export { submissionOptions } from './settings.ts';
