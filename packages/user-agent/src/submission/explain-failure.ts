/**
 * A failure in words for the person who wanted to send something: what happened, and what
 * to check next.
 *
 * Pure. Facts of the submission, where they are given, make the words concrete: the
 * server, the user name, what the provider wants to be logged in with.
 */
import { replyText } from '@posthouse/mail';
import { reasonOf, symptomsOf } from './failure-reason.ts';
import type { FailureReason, Symptoms } from './failure-reason.ts';
import type { Provider } from '@posthouse/providers';

/** Two sentences, each with its full stop. */
export interface FailureExplanation {
  readonly reason: FailureReason;
  readonly what: string;
  readonly next: string;
}

/** What was tried, as far as it is known. */
export interface SubmissionFacts {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly provider?: Provider | undefined;
  /** Octets of the message. */
  readonly sizeBytes?: number | undefined;
  /** The largest message that the server takes. */
  readonly maxSizeBytes?: number | undefined;
}

/** Explains a thrown error, or an outcome that is `delayed` or `failed`. Never throws. */
export function explainFailure(failure: unknown, facts: SubmissionFacts = {}): FailureExplanation {
  const symptoms = symptomsOf(failure);
  const reason = reasonOf(symptoms);
  const { what, next } = WORDS[reason](new Wording(facts, symptoms));
  return { reason, what, next: symptoms.inDoubt ? `${next} ${IN_DOUBT}` : next };
}

interface Words {
  readonly what: string;
  readonly next: string;
}

/** The parts of sentences that depend on the case at hand. */
class Wording {
  readonly facts: SubmissionFacts;
  readonly #symptoms: Symptoms;

  constructor(facts: SubmissionFacts, symptoms: Symptoms) {
    this.facts = facts;
    this.#symptoms = symptoms;
  }

  /** The host, or `the server`. */
  get server(): string {
    return this.facts.host ?? 'the server';
  }

  get place(): string {
    const { port } = this.facts;
    return port === undefined ? this.server : `port ${port} of ${this.server}`;
  }

  /** What the server said, in parentheses, where it spoke. */
  get said(): string {
    const { reply } = this.#symptoms;
    return reply === undefined ? '' : ` (it said: ${replyText(reply)})`;
  }

  /** What is behind it, in parentheses, where no server spoke. */
  get because(): string {
    const trace = this.#symptoms.traces.find((text) => text !== '' && text !== 'Error');
    return this.said !== '' || trace === undefined ? this.said : ` (${trace})`;
  }

  get login(): string {
    const { provider } = this.facts;
    return provider?.login === undefined ? '' : ` ${provider.name} wants ${provider.login}.`;
  }

  get sizes(): string {
    const { sizeBytes, maxSizeBytes } = this.facts;
    const is = sizeBytes === undefined ? '' : ` of ${megabytes(sizeBytes)}`;
    const limit =
      maxSizeBytes === undefined ? '' : `, which takes at most ${megabytes(maxSizeBytes)}`;
    return `The message${is} is too large for ${this.server}${limit}`;
  }
}

function megabytes(bytes: number): string {
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const IN_DOUBT = 'The message may have arrived all the same: ask before you send it again.';
const PORTS = '587 speaks STARTTLS, 465 TLS from the start';

const WORDS: Readonly<Record<FailureReason, (say: Wording) => Words>> = {
  'credentials-wrong': (say) => ({
    what: `${capital(say.server)} did not accept the user name or the password${say.said}.`,
    next: `Check both${say.facts.user === undefined ? '' : ` (the user was ${say.facts.user})`}; the user name is mostly the whole address.${say.login}`,
  }),
  'app-password-needed': (say) => ({
    what: `${capital(say.server)} does not let this password log in${say.said}.`,
    next: `Make an app password or API key in the settings of the account, or have password login for SMTP switched on.${say.login}`,
  }),
  'login-needed': (say) => ({
    what: `${capital(say.server)} takes mail only after a login${say.said}.`,
    next: `Give a user name and a password.${say.login}`,
  }),
  'login-needs-tls': (say) => ({
    what: `A password may go to ${say.server} over TLS only, and there is none${say.said}.`,
    next: `Ask for TLS: ${PORTS}.`,
  }),
  'login-unavailable': (say) => ({
    what: `${capital(say.server)} cannot check the password, or start TLS, at the moment${say.said}.`,
    next: 'Nothing is wrong with the message: try again in some minutes.',
  }),
  'login-unsupported': (say) => ({
    what: `${capital(say.server)} knows no way to log in that we know${say.because}.`,
    next: `Check that the port is one for submission (${PORTS}) and that the server offers AUTH PLAIN or LOGIN.`,
  }),
  'tls-needed': (say) => ({
    what: `${capital(say.server)} takes mail over TLS only${say.said}.`,
    next: `Ask for TLS: ${PORTS}.`,
  }),
  'tls-not-offered': (say) => ({
    what: `TLS is required here, and ${say.server} does not start it${say.said}.`,
    next: `Check the port (${PORTS}); sending without TLS would show the message and the password to everybody on the way.`,
  }),
  'tls-broken': (say) => ({
    what: `The TLS handshake with ${say.server} failed${say.because}.`,
    next: `Check that the port and the kind of TLS fit (${PORTS}), and that the server knows TLS 1.2 or later.`,
  }),
  'not-tls': (say) => ({
    what: `${capital(say.place)} does not begin with TLS.`,
    next: `Use STARTTLS on this port, or port 465 for TLS from the start.`,
  }),
  'not-smtp': (say) => ({
    what: `What answers at ${say.place} does not speak SMTP.`,
    next: `Check the port, and the kind of TLS that goes with it (${PORTS}).`,
  }),
  'certificate-not-trusted': (say) => ({
    what: `The certificate of ${say.server} is signed by nobody that is trusted here${say.because}.`,
    next: 'Give the CA certificate of the server (for a local stack the one that it prints); do not switch the check off.',
  }),
  'certificate-expired': (say) => ({
    what: `The certificate of ${say.server} is not valid at this time${say.because}.`,
    next: 'Check the clock of this machine; if it is right, the server has to renew its certificate.',
  }),
  'certificate-other-name': (say) => ({
    what: `The certificate of ${say.server} is for another name${say.because}.`,
    next: 'Connect by a name that stands in the certificate; an address or an alias of the host will not do.',
  }),
  'connection-refused': (say) => ({
    what: `Nothing listens at ${say.place}.`,
    next: 'Check host and port, and that the server runs.',
  }),
  'host-unreachable': (say) => ({
    what: `${capital(say.place)} cannot be reached${say.because}.`,
    next: 'Check the network, a VPN and the firewall; many networks let nobody out on port 25.',
  }),
  'host-not-found': (say) => ({
    what: `There is no host of the name ${say.facts.host ?? 'that was given'}.`,
    next: 'Check the name of the server for typing mistakes.',
  }),
  'dns-silent': (say) => ({
    what: `The name ${say.facts.host ?? 'of the server'} could not be looked up at the moment${say.because}.`,
    next: 'Check that this machine is online and that its DNS server answers, then try again.',
  }),
  'timed-out': (say) => ({
    what: `${capital(say.place)} did not answer in time${say.said}.`,
    next: `Check host and port (a firewall may swallow the connection; ${PORTS}), then try again.`,
  }),
  'connection-lost': (say) => ({
    what: `${capital(say.server)} ended the connection in the middle${say.because}.`,
    next: `Check that the port and the kind of TLS fit (${PORTS}), then try again.`,
  }),
  'no-such-mailbox': (say) => ({
    what: `There is no such mailbox${say.said}.`,
    next: "Check the recipient's address for typing mistakes.",
  }),
  'no-such-domain': (say) => ({
    what: `There is no such mail domain${say.said}.`,
    next: "Check the part of the recipient's address after the @.",
  }),
  'takes-no-mail': (say) => ({
    what: `The recipient's domain takes no mail at all${say.said}.`,
    next: 'Ask the recipient for another address.',
  }),
  'not-your-address': (say) => ({
    what: `This login may not send from this address${say.said}.`,
    next: `Use as From an address that belongs to the account${say.facts.user === undefined ? '' : ` ${say.facts.user}`}, or let the server's administrator add the address to it.`,
  }),
  'relay-denied': (say) => ({
    what: `${capital(say.server)} passes no mail on to other domains for you${say.said}.`,
    next: `Log in first, on a port for submission (${PORTS}), and check the recipient's domain for typing mistakes.`,
  }),
  'domain-not-authenticated': (say) => ({
    what: `The sending domain did not prove that this message is its own${say.said}.`,
    next: "Check SPF, DKIM and DMARC of the From address's domain, or send through the provider of that domain.",
  }),
  forbidden: (say) => ({
    what: `The rules of ${say.server} forbid this message${say.said}.`,
    next: 'Read the reason it gives: mostly it is about who may send, or about what the message contains.',
  }),
  'too-large': (say) => ({
    what: `${say.sizes}${say.said}.`,
    next: 'Send less at once, or a link in place of what is attached (attachments grow by a third on their way).',
  }),
  'mailbox-full': (say) => ({
    what: `The recipient's mailbox is full${say.said}.`,
    next: 'Let the recipient know in another way, and send the message again later.',
  }),
  'storage-full': (say) => ({
    what: `${capital(say.server)} has no room for the message at the moment${say.said}.`,
    next: 'Try again later; if it is your server, make room on its disk.',
  }),
  'too-many-recipients': (say) => ({
    what: `The message has more recipients than ${say.server} takes at once${say.said}.`,
    next: 'Send it to the rest of them separately.',
  }),
  'too-fast': (say) => ({
    what: `${capital(say.server)} gets too much from you at once${say.said}.`,
    next: 'Wait some minutes, then send more slowly or over fewer connections.',
  }),
  closing: (say) => ({
    what: `${capital(say.server)} is shutting down or busy${say.said}.`,
    next: 'Nothing is wrong with the message: try again in some minutes.',
  }),
  'not-international': (say) => ({
    what: `${capital(say.server)} takes no addresses outside ASCII${say.because}.`,
    next: 'Use addresses of plain Latin letters before the @, for sender and recipients.',
  }),
  unsupported: (say) => ({
    what: `${capital(say.server)} does not know something that the message asks for${say.said}.`,
    next: 'Leave out delivery notifications and other options, or use another server.',
  }),
  syntax: (say) => ({
    what: `${capital(say.server)} did not understand us${say.said}.`,
    next: 'Check that an SMTP server listens there; if it does, show the dialogue to its administrator.',
  }),
  later: (say) => ({
    what: `${capital(say.server)} did not take it now${say.said}.`,
    next: 'Try again in some minutes: some servers turn every stranger away once.',
  }),
  refused: (say) => ({
    what: `${capital(say.server)} refused it${say.said}.`,
    next: 'Read the reason it gives; if it does not help, ask its administrator.',
  }),
  unknown: (say) => ({
    what: `It failed for a reason that nobody explained${say.because}.`,
    next: 'Try again; if it fails again, look at the dialogue and at the log of the server.',
  }),
};

/** A host's name stays as it is: only our own words begin a sentence with a capital. */
function capital(text: string): string {
  return text.replace(
    /^(?:the server|port )/,
    (word) => word.charAt(0).toUpperCase() + word.slice(1),
  );
}
