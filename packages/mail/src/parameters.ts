/**
 * Parameters of MAIL and RCPT, read once from the wire into plain data.
 *
 * Only what changes the fate of a message is here. What a listener does not know
 * it refuses with 555 before anything reaches this type.
 *
 * RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 3461 (RET, ENVID,
 * NOTIFY, ORCPT), RFC 4954 (AUTH), RFC 8689 (REQUIRETLS).
 */
import type { EnvelopeId } from './identifiers.ts';
import type { ReversePath } from './path.ts';

/** What MAIL said beside the reverse-path. An absent field was not given. */
export interface MailParams {
  /** Declared size in octets; a promise of the client, not a fact. */
  readonly sizeBytes?: number;
  readonly body?: '7BIT' | '8BITMIME';
  readonly smtpUtf8?: true;
  readonly requireTls?: true;
  /** How much of the message a failure notification returns. */
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: EnvelopeId;
  /** AUTH=: who submitted the message, in the client's words. Believed of trusted peers only. */
  readonly auth?: ReversePath;
}

/** When a recipient's fate is to be told (RFC 3461 §4.1): never, or on any of three events. */
export type Notify = 'never' | readonly NotifyEvent[];
export type NotifyEvent = 'success' | 'failure' | 'delay';

/** The address the author wrote, before anyone expanded it (RFC 3461 §4.2). */
export interface OriginalRecipient {
  /** Address type, for example `rfc822` or `utf-8`, in lower case. */
  readonly type: string;
  /** Decoded from xtext. */
  readonly address: string;
}

/** What RCPT said beside the forward-path. */
export interface RcptParams {
  readonly notify?: Notify;
  readonly orcpt?: OriginalRecipient;
}

/** No parameters at all: most MAIL and RCPT commands in the world. */
export const NO_PARAMS: MailParams & RcptParams = Object.freeze({});
