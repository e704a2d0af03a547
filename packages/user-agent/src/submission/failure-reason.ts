/**
 * Why a submission failed, found out from what was thrown or answered.
 *
 * Pure. The peer's own words say most: its enhanced status, then its code. Where no peer
 * spoke, the system's error code counts, looked for along the causes; then the name of our
 * own refusal. What nothing explains is `unknown`, never a guess.
 *
 * RFC 3463, RFC 4954 §6, RFC 5248, RFC 7372; Gmail and Microsoft 365 for statuses of their own.
 */
import { MailError, createReply, parseStatus, refusalOf } from '@posthouse/mail';
import type { RefusalName, RecipientOutcome, Reply } from '@posthouse/mail';

/** A reason that has words of its own. */
export type FailureReason =
  | 'credentials-wrong'
  | 'app-password-needed'
  | 'login-needed'
  | 'login-needs-tls'
  | 'login-unavailable'
  | 'login-unsupported'
  | 'tls-needed'
  | 'tls-not-offered'
  | 'tls-broken'
  | 'not-tls'
  | 'not-smtp'
  | 'certificate-not-trusted'
  | 'certificate-expired'
  | 'certificate-other-name'
  | 'connection-refused'
  | 'host-unreachable'
  | 'host-not-found'
  | 'dns-silent'
  | 'timed-out'
  | 'connection-lost'
  | 'no-such-mailbox'
  | 'no-such-domain'
  | 'takes-no-mail'
  | 'not-your-address'
  | 'relay-denied'
  | 'domain-not-authenticated'
  | 'forbidden'
  | 'too-large'
  | 'mailbox-full'
  | 'storage-full'
  | 'too-many-recipients'
  | 'too-fast'
  | 'closing'
  | 'not-international'
  | 'unsupported'
  | 'syntax'
  | 'later'
  | 'refused'
  | 'unknown';

/** What is known of a failure. */
export interface Symptoms {
  /** Exactly what the server said, where it spoke. */
  readonly reply: Reply | undefined;
  /** Codes and words of the errors behind it, outermost first. */
  readonly traces: readonly string[];
  /** Our own name for it. */
  readonly code: RefusalName | 'peer-refused' | undefined;
  /** The server may have the message although it did not say so. */
  readonly inDoubt: boolean;
}

/** Looks into a thrown error or a recipient's outcome. */
export function symptomsOf(failure: unknown): Symptoms {
  if (isOutcome(failure)) {
    const traces = 'reason' in failure ? [failure.reason] : [];
    const inDoubt = failure.kind === 'delayed' && failure.inDoubt === true;
    return { reply: failure.reply, traces, code: undefined, inDoubt };
  }
  const chain = causes(failure);
  const refusal = chain.find((error) => error instanceof MailError);
  return {
    reply: refusal === undefined ? undefined : replyIn(refusal),
    traces: chain.flatMap(tracesOf),
    code: refusal?.code,
    inDoubt: refusal?.inDoubt ?? false,
  };
}

/** The reason behind the symptoms. */
export function reasonOf({ reply, traces, code }: Symptoms): FailureReason {
  // A server that knows no STARTTLS says 5yz to it: that is about TLS, not about the syntax.
  if (reply !== undefined && code === 'next-hop-tls') return 'tls-not-offered';
  const spoken = reply === undefined ? undefined : reasonOfReply(reply);
  if (spoken !== undefined) return spoken;
  for (const trace of traces) {
    const found = TRACES.find(([expression]) => expression.test(trace))?.[1];
    if (found !== undefined) return found;
  }
  return code === undefined || code === 'peer-refused' ? 'unknown' : reasonOfRefusal(code);
}

/** Of a refusal of ours: of the session by its name, of the message by the reply that we would give. */
function reasonOfRefusal(code: RefusalName): FailureReason {
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  const refusal = refusalOf(code);
  const reply = createReply(refusal.code, parseStatus(refusal.status), refusal.text);
  return reasonOfReply(reply);
}

/** Status, then code; where both are silent, the class. */
function reasonOfReply(reply: Reply): FailureReason {
  const { code, status } = reply;
  const text = reply.lines.join(' ');
  if (code === 530) return /tls/i.test(text) ? 'tls-needed' : 'login-needed';
  const detail = status === undefined ? undefined : `${status.subject}.${status.detail}`;
  const special = BY_REPLY[`${code} ${detail ?? ''}`.trim()];
  if (special !== undefined) return special;
  // "Not found at the moment" and "forbidden at the moment" are no verdict on an address.
  const passing = code < 500 && /^(?:1|7\.1$)/.test(detail ?? '');
  const byStatus = detail === undefined || passing ? undefined : BY_STATUS[detail];
  return byStatus ?? BY_REPLY[`${code}`] ?? (code >= 500 ? 'refused' : 'later');
}

/** Code and status together, or the code alone where it says enough. */
const BY_REPLY: Readonly<Record<string, FailureReason>> = {
  '421': 'closing',
  '421 7.0': 'too-fast',
  '421 4.2': 'timed-out',
  '432': 'app-password-needed',
  '452': 'storage-full',
  '454': 'login-unavailable',
  '454 7.8': 'login-unavailable',
  '500': 'syntax',
  '501': 'syntax',
  '502': 'unsupported',
  '503': 'syntax',
  '504': 'login-unsupported',
  '534': 'app-password-needed',
  '535': 'credentials-wrong',
  '535 7.139': 'app-password-needed',
  '538': 'login-needs-tls',
  '550 4.1': 'no-such-mailbox', // Microsoft 365
  '551': 'no-such-mailbox',
  '552': 'too-large',
  '552 2.2': 'mailbox-full',
  '553': 'not-your-address',
  '553 7.1': 'not-your-address',
  '553 1.3': 'no-such-mailbox',
  '554 7.1': 'relay-denied',
  '555': 'unsupported',
};

const BY_STATUS: Readonly<Record<string, FailureReason>> = {
  '1.1': 'no-such-mailbox',
  '1.2': 'no-such-domain',
  '1.3': 'no-such-mailbox',
  '1.6': 'no-such-mailbox',
  '1.7': 'not-your-address',
  '1.8': 'not-your-address',
  '1.10': 'takes-no-mail',
  '2.1': 'no-such-mailbox',
  '2.2': 'mailbox-full',
  '2.3': 'too-large',
  '2.252': 'not-your-address', // Microsoft 365: SendAsDenied
  '3.1': 'storage-full',
  '3.2': 'closing',
  '3.4': 'too-large',
  '4.2': 'timed-out',
  '4.3': 'later',
  '5.3': 'too-many-recipients',
  '6.3': 'unsupported',
  '6.7': 'not-international',
  '7.1': 'forbidden',
  '7.8': 'credentials-wrong',
  '7.9': 'app-password-needed',
  '7.11': 'login-needs-tls',
  '7.12': 'app-password-needed',
  '7.14': 'app-password-needed', // Gmail: log in with a browser first
  '7.20': 'domain-not-authenticated',
  '7.23': 'domain-not-authenticated',
  '7.24': 'domain-not-authenticated',
  '7.25': 'domain-not-authenticated',
  '7.26': 'domain-not-authenticated',
  '7.27': 'domain-not-authenticated', // Gmail: the sending domain's DNS does not allow it
  '7.28': 'too-fast',
  '7.30': 'unsupported',
  '7.60': 'not-your-address', // Microsoft 365: no permission to send as this address
  '7.139': 'app-password-needed', // Microsoft 365: passwords are switched off
};

/** What the system, OpenSSL or nodemailer say, most telling first. */
const TRACES: readonly (readonly [RegExp, FailureReason])[] = [
  [/ERR_TLS_CERT_ALTNAME_INVALID|altnames/, 'certificate-other-name'],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate (?:has expired|is not yet valid)/,
    'certificate-expired',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_(?:UNTRUSTED|SIGNATURE_FAILURE|REJECTED)|INVALID_CA|self-signed certificate|unable to (?:verify|get)/,
    'certificate-not-trusted',
  ],
  [/WRONG_VERSION_NUMBER|wrong version number|packet length too long/i, 'not-tls'],
  [/ECONNREFUSED/, 'connection-refused'],
  [/ENOTFOUND|no such host/, 'host-not-found'],
  [/EAI_AGAIN|ESERVFAIL|EDNS|ETIMEOUT/, 'dns-silent'],
  [/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES/, 'host-unreachable'],
  [/ETIMEDOUT|took too long|TimeoutError|timed? ?out/i, 'timed-out'],
  [/ERR_SSL|\bEPROTO\b|ETLS|SSL routines/, 'tls-broken'],
  [/EPROTOCOL|Invalid greeting/, 'not-smtp'],
  [/no TLS to log in/, 'login-needs-tls'],
  [/neither AUTH|no supported authentication/i, 'login-unsupported'],
  [/ECONNRESET|EPIPE|closed unexpectedly/, 'connection-lost'],
];

const BY_CODE: Readonly<Partial<Record<RefusalName, FailureReason>>> = {
  'next-hop-unreachable': 'host-unreachable',
  'next-hop-lost': 'connection-lost',
  'next-hop-tls': 'tls-broken',
  'next-hop-authentication': 'login-unsupported',
  'deadline-passed': 'timed-out',
  'local-trouble': 'unknown',
};

function isOutcome(failure: unknown): failure is RecipientOutcome {
  return (
    typeof failure === 'object' &&
    failure !== null &&
    !(failure instanceof Error) &&
    'kind' in failure &&
    'status' in failure
  );
}

/** The error and what is behind it; a circle ends it. */
function causes(failure: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at = failure; at !== undefined && !chain.includes(at);) {
    chain.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return chain;
}

/** The server's reply: the refusal's own where a peer said it, else the one that it was made of. */
function replyIn(error: MailError): Reply | undefined {
  return error.origin === 'peer' ? error.reply : error.heard;
}

function tracesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return typeof error === 'string' ? [error] : [];
  const fields = error instanceof MailError ? [error.fields['error']] : [];
  const codes = ['originalCode' in error && error.originalCode, 'code' in error && error.code];
  return [...fields, ...codes, error.name, error.message].filter(
    (trace) => typeof trace === 'string',
  );
}
