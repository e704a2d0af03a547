/**
 * Reverse-path and forward-path: what stands between the angle brackets of MAIL
 * and RCPT.
 *
 * The null reverse-path is a value of its own (`NULL_PATH`), so that "no sender"
 * can never be confused with "sender not known". Source routes are accepted and
 * dropped, as RFC 5321 §4.1.1.3 and Appendix C ask. Parsing never throws.
 */
import { formatMailbox, parseMailbox, createMailbox } from './mailbox.ts';
import type { Mailbox } from './mailbox.ts';
import { parseMailDomain } from './domain.ts';
import type { MailDomain } from './domain.ts';

/** The null reverse-path of notifications (RFC 5321 §4.5.5). */
export const NULL_PATH = '<>' as const;

/** Where failures are told, or the null path: nobody is told. */
export type ReversePath = Mailbox | typeof NULL_PATH;

/** Where a message goes. */
export type ForwardPath = Mailbox;

/** Reads `<>`, `<mailbox>` or `<@route:mailbox>`. */
export function parseReversePath(text: string): ReversePath | undefined {
  return text === NULL_PATH ? NULL_PATH : parsePath(text);
}

/**
 * Reads `<mailbox>`, `<@route:mailbox>`, and `<Postmaster>` in any case, which
 * means the postmaster of the receiving host (RFC 5321 §4.1.1.3, §4.5.1).
 */
export function parseForwardPath(
  text: string,
  postmasterDomain?: MailDomain,
): ForwardPath | undefined {
  if (postmasterDomain !== undefined && /^<postmaster>$/i.test(text)) {
    return createMailbox('postmaster', postmasterDomain);
  }
  return parsePath(text);
}

/** The wire form with angle brackets. */
export function formatPath(path: ReversePath): string {
  return path === NULL_PATH ? NULL_PATH : `<${formatMailbox(path)}>`;
}

function parsePath(text: string): Mailbox | undefined {
  if (!text.startsWith('<') || !text.endsWith('>')) return undefined;
  const inner = text.slice(1, -1);
  if (!inner.startsWith('@')) return parseMailbox(inner);
  const colon = inner.indexOf(':');
  if (colon === -1 || !isRoute(inner.slice(0, colon))) return undefined;
  return parseMailbox(inner.slice(colon + 1));
}

/** A-d-l: `@one,@two` (RFC 5321 §4.1.2). */
function isRoute(text: string): boolean {
  return text
    .split(',')
    .every((hop) => hop.startsWith('@') && parseMailDomain(hop.slice(1)) !== undefined);
}
