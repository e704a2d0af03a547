/**
 * Events in words, one line each: what happened, with whom, over which TLS, and the
 * peer's exact reply. Pure; for people, programs take the events themselves.
 */
import { formatStatus, NULL_PATH, replyText } from '@posthouse/mail';
import type { TlsFacts } from '@posthouse/mail';
import type { QueueEvent } from './event.ts';

const WORDS: Readonly<Record<QueueEvent['kind'], string>> = {
  accepted: 'accepted',
  attempted: 'attempted, not decided',
  delivered: 'delivered',
  relayed: 'relayed',
  failed: 'failed',
  expired: 'expired',
  held: 'held by an operator',
  released: 'released by an operator',
  rescheduled: 'to be attempted now, by an operator',
  removed: 'removed by an operator',
  'notification-sent': 'author notified',
  damaged: 'found damaged and moved aside',
};

/** One event on one line, beginning with its time in UTC. */
export function describeEvent(event: QueueEvent): string {
  const parts = [new Date(event.at).toISOString(), event.message];
  if (event.recipient !== undefined) parts.push(`<${event.recipient}>`);
  parts.push(WORDS[event.kind]);
  if (event.host !== undefined) parts.push(hostText(event));
  if (event.tls !== undefined) {
    const { version, cipher } = event.tls;
    parts.push(`over ${version} ${cipher}${proofText(event.tls)}`);
  }
  if (event.sender !== undefined) parts.push(`sent by ${senderText(event.sender)}`);
  if (event.originalRecipient !== undefined) parts.push(`for <${event.originalRecipient}>`);
  const said = saidText(event);
  const rest = [
    said === undefined ? '' : `: ${said}`,
    event.inDoubt === true ? ' (in doubt: the peer may have it)' : '',
    event.notification === undefined ? '' : ` by ${event.notification}`,
    event.dueAt === undefined ? '' : `; next attempt ${new Date(event.dueAt).toISOString()}`,
  ];
  return parts.join(' ') + rest.join('');
}

const PROOFS: Readonly<Record<NonNullable<TlsFacts['verifiedBy']>, string>> = {
  pki: ' (verified)',
  dane: ' (verified by DANE)',
  'mta-sts': ' (verified, as MTA-STS asks)',
};

/** How the host's certificate was verified; nothing where it was not. */
function proofText({ verified, verifiedBy = 'pki' }: TlsFacts): string {
  return verified ? PROOFS[verifiedBy] : '';
}

function senderText(sender: string): string {
  return sender === NULL_PATH ? sender : `<${sender}>`;
}

function hostText({ kind, host }: QueueEvent): string {
  const way = kind === 'accepted' ? 'from' : kind === 'relayed' ? 'to' : 'at';
  const { name = '', address } = host ?? {};
  const isSaid = address === undefined || name === address || name === `[${address}]`;
  return isSaid ? `${way} ${name}` : `${way} ${name} [${address}]`;
}

/** The peer's exact words where it spoke; else why, with the status. */
function saidText({ kind, reply, reason, status }: QueueEvent): string | undefined {
  if (reply !== undefined) return replyText(reply);
  if (reason === undefined) return undefined;
  return status === undefined || kind === 'notification-sent'
    ? reason
    : `${formatStatus(status)} ${reason}`;
}
