/**
 * What is known of a mail service. Types only.
 *
 * Facts carry the page of the provider that tells them. What no page tells is left out: then the
 * relay learns it from the replies.
 */
import type { Rate } from '@posthouse/mail';
import type { ReplyRule } from './reply-meaning.ts';

/** A service that takes mail for submission. */
export interface Provider {
  /** For example `Gmail` or `SES-EU-WEST-1`. */
  readonly name: string;
  readonly description: string;
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first octet. `required`: STARTTLS. `off`: a tool on this machine. */
  readonly tls: 'implicit' | 'required' | 'off';
  /** What to log in with, where that is not the account's own name and password. */
  readonly login?: string;
  /** The user name that everybody logs in with; `password`: the password stands for both. */
  readonly user?: { readonly kind: 'fixed'; readonly name: string } | { readonly kind: 'password' };
  /** The host in another region; `{region}` is its name. */
  readonly regionalHost?: string;
  readonly limits?: SendingLimits;
  /** For users of these domains, in place of `limits`. */
  readonly domainLimits?: {
    readonly domains: readonly string[];
    readonly limits: SendingLimits;
  };
  /** What its replies mean, the first that fits. */
  readonly replies?: readonly ReplyRule[];
  /** Where access tokens are got (XOAUTH2). */
  readonly token?: TokenService;
}

/** What a provider documents; absent where it says nothing or it depends on the contract. */
export interface SendingLimits {
  readonly rates?: readonly Rate[];
  readonly maxConnections?: number;
  readonly maxMessagesPerConnection?: number;
  /** Recipients of one message. Its size is told by the server itself (SIZE). */
  readonly maxRecipients?: number;
  /** The page that says so. */
  readonly source: string;
}

/** An OAuth 2 token endpoint (RFC 6749 §3.2). */
export interface TokenService {
  readonly url: string;
  readonly scope: string;
}

/** A service that receives mail for many domains: who shares its limits, and what its replies mean. */
export interface MailboxProvider {
  /** Names the site in lanes and reports. */
  readonly name: string;
  /** Its MX hosts end so. */
  readonly mxSuffixes: readonly string[];
  /** Its own domains, known without asking the DNS. */
  readonly domains: readonly string[];
  readonly replies: readonly ReplyRule[];
}
