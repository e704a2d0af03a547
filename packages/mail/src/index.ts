/** The language that all agents share: vocabulary of mail, and the seam between agents. No I/O. */
export {
  displayDomain,
  domainPatterns,
  isAddressLiteral,
  literalAddress,
  literalOf,
  parseAddressLiteral,
  parseDomain,
  parseMailDomain,
  plainAddress,
} from './domain.ts';
export type { AddressLiteral, Domain, MailDomain } from './domain.ts';
export {
  createMailbox,
  displayMailbox,
  formatMailbox,
  mailboxKey,
  needsSmtpUtf8,
  parseMailbox,
  sameMailbox,
} from './mailbox.ts';
export type { Mailbox } from './mailbox.ts';
export { NULL_PATH, formatPath, parseForwardPath, parseReversePath } from './path.ts';
export type { ForwardPath, ReversePath } from './path.ts';
export { qualifyAddresses, readAddresses, readLocalAddresses } from './address-list.ts';
export { handOver } from './hand-over.ts';
export type { HandedMessage } from './hand-over.ts';
export { NO_PARAMS } from './parameters.ts';
export { rateText } from './rate.ts';
export type { Rate } from './rate.ts';
export type {
  MailParams,
  Notify,
  NotifyEvent,
  OriginalRecipient,
  RcptParams,
} from './parameters.ts';
export { transmissionType } from './context.ts';
export type { DeliveryAttempt, Identity, Peer, TlsFacts, TransferContext } from './context.ts';
export {
  newTraceId,
  newTransactionId,
  parseDeliveryId,
  parseEnvelopeId,
  parseMessageId,
  parseTraceId,
  parseTransactionId,
} from './identifiers.ts';
export type { DeliveryId, EnvelopeId, MessageId, TraceId, TransactionId } from './identifiers.ts';
export { enhancedStatus, formatStatus, parseStatus } from './status.ts';
export type { EnhancedStatus, StatusClass } from './status.ts';
export {
  createReply,
  formatReply,
  isPermanent,
  isPositive,
  readReply,
  replyStatus,
  replyText,
} from './reply.ts';
export type { Reply } from './reply.ts';
export { REFUSALS, refusalOf } from './refusals.ts';
export type { FailureProof, Refusal, RefusalName } from './refusals.ts';
export { MailError, asMailError, peerRefusal, refuse, tooLarge } from './error.ts';
export type { MailErrorOptions, TroubleScope } from './error.ts';
export { isTaken, outcomeOfError, outcomeOfFault } from './outcome.ts';
export type {
  Accepted,
  Delayed,
  Delivered,
  Failed,
  RecipientOutcome,
  Relayed,
  RemoteHost,
} from './outcome.ts';
export { contentFrom, contentOf, pour, readContent } from './content.ts';
export { giveBackMemory } from './memory.ts';
export type { MailContent } from './content.ts';
export {
  createField,
  fieldValue,
  fieldValues,
  findHeaderEnd,
  formatFields,
  readHeaderSection,
} from './header-section.ts';
export type { HeaderField, HeaderSection } from './header-section.ts';
export {
  countHops,
  deliveredToField,
  formatDateTime,
  receivedField,
  returnPathField,
} from './trace.ts';
export type { ReceivedFacts } from './trace.ts';
export { clientNetwork, createNetworks, isLoopback, isThisHost } from './networks.ts';
export type { Networks } from './networks.ts';
export { createHeaderGate } from './header-gate.ts';
export type { RewriteHeader } from './header-gate.ts';
export { decodeXtext, encodeXtext } from './xtext.ts';
export type {
  ContentWriter,
  MailReceiver,
  MailTransaction,
  ReceiverCapabilities,
} from './transfer.ts';
export { startInOrder, stopInReverse } from './lifecycle.ts';
export type { Startable } from './lifecycle.ts';
export { systemClock } from './clock.ts';
export type { Clock, Timer } from './clock.ts';
export { silentLogger } from './logger.ts';
export type { LogFields, Logger } from './logger.ts';
export { localContext } from './local-context.ts';
