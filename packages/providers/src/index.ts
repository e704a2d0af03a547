/** Mail services as data: where they take mail, what they allow, and what their replies mean. */
export { findProvider, inRegion, limitsOf, listProviders } from './catalogue.ts';
export { mailboxProviderOfDomain, mailboxProviderOfHost } from './mailbox-provider.ts';
export type { MailboxProvider, Provider, SendingLimits, TokenService } from './provider.ts';
export { meaningOfReply } from './reply-meaning.ts';
export type { ReplyMeaning, ReplyRule, ReplyTopic } from './reply-meaning.ts';
