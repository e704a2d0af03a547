/**
 * Addresses and contexts for tests, from literals that the author knows to be right.
 *
 * Each throws TypeError on a literal that is wrong: a test's own mistake.
 */
import { newTraceId, parseDomain, parseMailbox } from '@posthouse/mail';
import type { Domain, Mailbox, TransferContext } from '@posthouse/mail';

/** A mailbox from its text. @throws TypeError */
export function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text);
  if (parsed === undefined) throw new TypeError(`no mailbox: ${text}`);
  return parsed;
}

/** A domain from its text. @throws TypeError */
export function domain(text: string): Domain {
  const parsed = parseDomain(text);
  if (parsed === undefined) throw new TypeError(`no domain: ${text}`);
  return parsed;
}

/** The context of a session from loopback, with what the test cares for put in. */
export function testContext(facts: Partial<TransferContext> = {}): TransferContext {
  return {
    protocol: 'esmtp',
    peer: { address: '127.0.0.1', port: 40_000 },
    greeting: 'client.example.test',
    arrivedAt: Date.UTC(2026, 0, 1),
    traceId: newTraceId(),
    ...facts,
  };
}
