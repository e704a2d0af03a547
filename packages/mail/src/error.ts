/**
 * MailError: a refusal that can be said to the peer, with what only the log may see.
 *
 * Ours come from the registry in `refusals.ts`; a peer's refusal carries the
 * peer's exact reply. Everything else that is thrown anywhere is a fault, and a
 * fault is transient: `asMailError` is the one place that says so.
 */
import { createReply, isPermanent, replyText } from './reply.ts';
import type { Reply } from './reply.ts';
import type { RemoteHost, TlsFacts } from './context.ts';
import { parseStatus } from './status.ts';
import { refusalOf } from './refusals.ts';
import type { FailureProof, RefusalName } from './refusals.ts';

export type { FailureProof } from './refusals.ts';

/**
 * What a transient refusal is about: the host as a whole (let it rest), this message, or this
 * recipient alone (greylisting, a full mailbox).
 */
export type TroubleScope = 'host' | 'message' | 'recipient';

/** What a refusal may carry beside its name. */
export interface MailErrorOptions {
  /** Replaces the registry's text: the same fact, with the case at hand named. */
  readonly text?: string;
  /** Further lines of the reply, for example where to read more. */
  readonly more?: readonly string[];
  readonly cause?: unknown;
  /** For the log only. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The host that said it, for events and for Remote-MTA in a DSN. */
  readonly host?: RemoteHost;
  /** What TLS gave the connection to that host. */
  readonly tls?: TlsFacts | undefined;
  readonly scope?: TroubleScope;
  /** What a peer said that made this refusal of ours. */
  readonly heard?: Reply;
  /** A peer may hold the message although we do not know it. */
  readonly inDoubt?: boolean;
}

/** A refusal. Make one with `refuse` (ours) or `peerRefusal` (a peer's). */
export class MailError extends Error {
  override readonly name = 'MailError';
  /** The registry's name, or `peer-refused`. */
  readonly code: RefusalName | 'peer-refused';
  /** Who said it first. */
  readonly origin: 'ourselves' | 'peer';
  readonly reply: Reply;
  /** Set exactly when the refusal is permanent. */
  readonly proof: FailureProof | undefined;
  readonly inDoubt: boolean;
  readonly host: RemoteHost | undefined;
  readonly tls: TlsFacts | undefined;
  readonly scope: TroubleScope | undefined;
  readonly heard: Reply | undefined;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: RefusalName | 'peer-refused',
    reply: Reply,
    proof: FailureProof | undefined,
    options: MailErrorOptions = {},
  ) {
    super(replyText(reply), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.origin = code === 'peer-refused' ? 'peer' : 'ourselves';
    this.reply = reply;
    this.proof = proof;
    this.inDoubt = options.inDoubt ?? false;
    this.host = options.host;
    this.tls = options.tls;
    this.scope = options.scope;
    this.heard = options.heard;
    this.fields = options.fields ?? {};
  }

  /** Whether trying again cannot help. */
  get permanent(): boolean {
    return this.proof !== undefined;
  }
}

/** A refusal of ours by its name. */
export function refuse(name: RefusalName, options: MailErrorOptions = {}): MailError {
  const entry = refusalOf(name);
  const lines = [options.text ?? entry.text, ...(options.more ?? [])];
  return new MailError(
    name,
    createReply(entry.code, parseStatus(entry.status), ...lines),
    entry.proof,
    options,
  );
}

/** The refusal of a message for its size; it names the limit, so that the author knows what would do. */
export function tooLarge(maxBytes: number): MailError {
  return refuse('message-too-large', { text: `Message is larger than ${maxBytes} octets` });
}

/**
 * Replies that are our or the host's trouble wherever they are said: encryption or
 * a login is wanted (architecture §3). No recipient is ever lost for one.
 */
const SESSION_CODES: ReadonlySet<number> = new Set([530, 534, 535, 538]);

/** A peer's refusal, in the peer's own words. */
export function peerRefusal(reply: Reply, options: MailErrorOptions = {}): MailError {
  return new MailError(
    'peer-refused',
    reply,
    isPermanent(reply) && !SESSION_CODES.has(reply.code) ? 'peer-reply' : undefined,
    options,
  );
}

/** The one classifier of what is thrown: a MailError is itself, a passed deadline and all else is transient. */
export function asMailError(thrown: unknown): MailError {
  if (thrown instanceof MailError) return thrown;
  const timedOut = thrown instanceof DOMException && thrown.name === 'TimeoutError';
  return refuse(timedOut ? 'deadline-passed' : 'local-trouble', { cause: thrown });
}
