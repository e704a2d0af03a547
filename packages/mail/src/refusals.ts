/**
 * Every reply other than success that Posthouse originates, by name.
 *
 * One registry, so that a code means the same wherever it is said, and so that
 * docs/reference/errors.md can be checked against it both ways. A 5yz entry names
 * its proof: the ground on which we dare to call something permanent.
 *
 * RFC 5321 §4.2.2, RFC 3463, RFC 5248 and the RFC named on a line.
 */

/** The ground of a permanent failure. */
export type FailureProof =
  | 'peer-reply' // the next host said 5yz about this recipient or message
  | 'policy' // a rule of ours or of the receiving domain forbids it
  | 'syntax' // what was sent breaks the protocol
  | 'no-such-mailbox' // the directory of the domain knows no such recipient
  | 'no-such-domain' // DNS says that the name does not exist
  | 'null-mx' // the domain says that it takes no mail (RFC 7505)
  | 'loop' // the message came past here before
  | 'unsupported' // the next host cannot carry this message
  | 'expired'; // it was tried for as long as it may be

/** One line of the registry. */
export interface Refusal {
  readonly code: number;
  readonly status: `${2 | 4 | 5}.${number}.${number}`;
  readonly text: string;
  readonly proof?: FailureProof;
}

/** Name → reply. `text` is what the peer reads; a caller may say more about the case at hand. */
export const REFUSALS = {
  // Sessions
  'shutting-down': { code: 421, status: '4.3.2', text: 'Service shutting down, try again soon' },
  'too-many-connections': {
    code: 421,
    status: '4.7.0',
    text: 'Too many connections from your address, try again later',
  },
  'idle-too-long': {
    code: 421,
    status: '4.4.2',
    text: 'Idle for too long, closing the connection',
  },
  'too-slow': {
    code: 421,
    status: '4.4.2',
    text: 'Mail data arrives too slowly, closing the connection',
  },
  'too-many-errors': {
    code: 421,
    status: '4.7.0',
    text: 'Too many errors, closing the connection',
  },
  'peer-not-allowed': {
    code: 554,
    status: '5.7.1',
    text: 'Your address may not connect here',
    proof: 'policy',
  },
  // Commands
  'command-unknown': {
    code: 500,
    status: '5.5.1',
    text: 'Command not recognized',
    proof: 'syntax',
  },
  'command-not-implemented': {
    code: 502,
    status: '5.5.1',
    text: 'Command not implemented',
    proof: 'syntax',
  },
  'command-too-long': {
    code: 500,
    status: '5.5.6',
    text: 'Command line too long',
    proof: 'syntax',
  },
  'command-sequence': {
    code: 503,
    status: '5.5.1',
    text: 'Bad sequence of commands',
    proof: 'syntax',
  },
  'command-syntax': {
    code: 501,
    status: '5.5.2',
    text: 'Syntax error in the command',
    proof: 'syntax',
  },
  'parameter-syntax': {
    code: 501,
    status: '5.5.4',
    text: 'Syntax error in a parameter',
    proof: 'syntax',
  },
  'parameter-unknown': {
    code: 555,
    status: '5.5.4',
    text: 'Parameter not recognized or not implemented',
    proof: 'syntax',
  },
  'reverse-path-syntax': {
    code: 501,
    status: '5.1.7',
    text: 'Syntax error in the reverse-path',
    proof: 'syntax',
  },
  'forward-path-syntax': {
    code: 501,
    status: '5.1.3',
    text: 'Syntax error in the forward-path',
    proof: 'syntax',
  },
  'smtputf8-required': {
    code: 553,
    status: '5.6.7',
    text: 'An address outside ASCII needs SMTPUTF8 (RFC 6531)',
    proof: 'syntax',
  },
  // TLS and authentication
  'tls-required': {
    code: 530,
    status: '5.7.0',
    text: 'Must issue a STARTTLS command first',
    proof: 'policy',
  },
  'tls-unavailable': { code: 454, status: '4.7.0', text: 'TLS not available at the moment' },
  'tls-required-for-auth': {
    code: 538,
    status: '5.7.11',
    text: 'Authentication needs an encrypted connection: issue STARTTLS first',
    proof: 'policy',
  },
  'authentication-required': {
    code: 530,
    status: '5.7.0',
    text: 'Authentication required: log in with your account first',
    proof: 'policy',
  },
  'mechanism-unknown': {
    code: 504,
    status: '5.5.4',
    text: 'Authentication mechanism not supported',
    proof: 'syntax',
  },
  'authentication-cancelled': {
    code: 501,
    status: '5.7.0',
    text: 'Authentication cancelled',
    proof: 'syntax',
  },
  'credentials-invalid': {
    code: 535,
    status: '5.7.8',
    text: 'Authentication failed: user name or password is wrong',
    proof: 'policy',
  },
  'authentication-unavailable': {
    code: 454,
    status: '4.7.0',
    text: 'Authentication not available at the moment, try again',
  },
  // Senders and recipients
  'not-your-address': {
    code: 553,
    status: '5.7.1',
    text: 'This address does not belong to your account',
    proof: 'policy',
  },
  'no-such-mailbox': {
    code: 550,
    status: '5.1.1',
    text: 'No such mailbox here',
    proof: 'no-such-mailbox',
  },
  'relay-denied': { code: 554, status: '5.7.1', text: 'Relay access denied', proof: 'policy' },
  'outside-mail-off': {
    code: 550,
    status: '5.7.1',
    text: 'Mail to other domains is switched off here',
    proof: 'policy',
  },
  'too-many-recipients': {
    code: 452,
    status: '4.5.3',
    text: 'Too many recipients in one message, send the rest separately',
  },
  'recipient-check-unavailable': {
    code: 450,
    status: '4.4.3',
    text: 'Recipient cannot be checked at the moment, try again',
  },
  'mailbox-full': { code: 452, status: '4.2.2', text: 'Mailbox is full, try again later' },
  'mailbox-too-small': {
    code: 552,
    status: '5.2.2',
    text: 'Message is larger than the whole mailbox may be',
    proof: 'policy',
  },
  'mailbox-unavailable': {
    code: 450,
    status: '4.2.0',
    text: 'Mailbox cannot be reached at the moment, try again',
  },
  'rate-limited': {
    code: 450,
    status: '4.7.1',
    text: 'Too much mail in a short time, try again later',
  },
  'alias-loop': {
    code: 554,
    status: '5.4.6',
    text: 'The address is an alias of itself',
    proof: 'loop',
  },
  // Messages
  'message-too-large': {
    code: 552,
    status: '5.3.4',
    text: 'Message is too large',
    proof: 'policy',
  },
  'insufficient-storage': {
    code: 452,
    status: '4.3.1',
    text: 'Insufficient system storage, try again later',
  },
  'bare-line-ending': {
    code: 550,
    status: '5.5.2',
    text: 'Bare CR or LF in mail data: lines must end in CRLF (RFC 5321 2.3.8)',
    proof: 'syntax',
  },
  'message-malformed': {
    code: 554,
    status: '5.6.0',
    text: 'Message is malformed',
    proof: 'syntax',
  },
  'header-too-large': {
    code: 552,
    status: '5.3.4',
    text: 'Header section is too large',
    proof: 'policy',
  },
  'bcc-signed': {
    code: 550,
    status: '5.7.7',
    text: 'A DKIM signature covers the Bcc field, which must be removed: do not sign Bcc',
    proof: 'policy',
  },
  'too-many-hops': {
    code: 554,
    status: '5.4.6',
    text: 'Too many hops: the message goes round in a loop',
    proof: 'loop',
  },
  'delivered-to-loop': {
    code: 554,
    status: '5.4.6',
    text: 'The message was delivered to this recipient before: it goes round in a loop',
    proof: 'loop',
  },
  'route-to-self': {
    code: 554,
    status: '5.4.6',
    text: 'The route of this domain leads back to this host',
    proof: 'loop',
  },
  'requiretls-unsupported': {
    code: 550,
    status: '5.7.30',
    text: 'REQUIRETLS cannot be kept on the way to this recipient',
    proof: 'unsupported',
  }, // RFC 8689 §8
  'encryption-needed': {
    code: 550,
    status: '5.7.10',
    text: 'REQUIRETLS needs verified TLS to the next host',
    proof: 'unsupported',
  }, // RFC 8689 §4.2.1
  'eight-bit-unsupported': {
    code: 554,
    status: '5.6.3',
    text: 'The next host takes seven bits only, and the message cannot be converted',
    proof: 'unsupported',
  }, // RFC 6152 §3
  'smtputf8-unsupported': {
    code: 553,
    status: '5.6.7',
    text: 'The next host takes no internationalized mail',
    proof: 'unsupported',
  }, // RFC 6531 §3.5
  // Routing
  'no-such-domain': {
    code: 550,
    status: '5.1.2',
    text: 'The domain does not exist or takes no mail',
    proof: 'no-such-domain',
  },
  'null-mx': {
    code: 556,
    status: '5.1.10',
    text: 'The domain takes no mail (null MX)',
    proof: 'null-mx',
  }, // RFC 7505 §4.1
  'routing-unavailable': {
    code: 451,
    status: '4.4.3',
    text: 'The name of the next host cannot be looked up at the moment',
  },
  'next-hop-unreachable': {
    code: 451,
    status: '4.4.1',
    text: 'The next host does not answer at the moment',
  },
  'next-hop-lost': { code: 451, status: '4.4.2', text: 'The connection to the next host broke' },
  'next-hop-tls': {
    code: 451,
    status: '4.7.5',
    text: 'No TLS connection as required to the next host',
  },
  'next-hop-authentication': {
    code: 451,
    status: '4.7.8',
    text: 'The next host refuses our credentials',
  },
  'next-hop-refused': { code: 451, status: '4.4.0', text: 'The next host refuses the session' },
  'delivery-expired': {
    code: 554,
    status: '5.4.7',
    text: 'Delivery was tried for as long as it may be',
    proof: 'expired',
  },
  // Ourselves
  'local-trouble': {
    code: 451,
    status: '4.3.0',
    text: 'Local trouble, nothing was lost: try again later',
  },
  'deadline-passed': { code: 451, status: '4.4.2', text: 'It took too long, try again later' },
} as const;

/** The name of a refusal of ours. */
export type RefusalName = keyof typeof REFUSALS;

/** One entry. That this compiles is the proof that every entry is a `Refusal`. */
export function refusalOf(name: RefusalName): Refusal {
  return REFUSALS[name];
}
