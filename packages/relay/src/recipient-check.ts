/**
 * Asks a delivery agent whether it knows a recipient: RCPT, and then not the message.
 *
 * Answers are remembered for a while, the good longer than the bad. An agent that
 * cannot be asked means `recipient-check-unavailable` (450): never a silent accept, and
 * never a refusal for good. The memory is bounded.
 */
import {
  asMailError,
  mailboxKey,
  needsSmtpUtf8,
  newTraceId,
  NO_PARAMS,
  NULL_PATH,
  refuse,
} from '@posthouse/mail';
import type { Clock, Mailbox, MailReceiver } from '@posthouse/mail';

/** Knows recipients, or finds out. */
export interface RecipientCheck {
  /** @throws MailError `recipient-check-unavailable` */
  knows(address: Mailbox): Promise<boolean>;
}

export interface RecipientCheckOptions {
  /** @default 10 min */
  readonly rememberKnownMs?: number;
  /** @default 1 min */
  readonly rememberUnknownMs?: number;
  /** @default 5 s */
  readonly timeoutMs?: number;
}

export interface RecipientCheckDeps {
  /** The way to the delivery agent. */
  readonly delivery: MailReceiver;
  readonly clock: Clock;
}

interface Memory {
  readonly known: boolean;
  readonly until: number;
}

const MAX_REMEMBERED = 50_000;

/** Makes a check over a delivery agent. */
export function createRecipientCheck(
  options: RecipientCheckOptions,
  deps: RecipientCheckDeps,
): RecipientCheck {
  const { rememberKnownMs = 600_000, rememberUnknownMs = 60_000, timeoutMs = 5_000 } = options;
  const memory = new Map<string, Memory>();
  const underWay = new Map<string, Promise<boolean>>();

  async function find(key: string, address: Mailbox): Promise<boolean> {
    const known = await ask(address, deps, AbortSignal.timeout(timeoutMs));
    const until = deps.clock.now() + (known ? rememberKnownMs : rememberUnknownMs);
    if (memory.size >= MAX_REMEMBERED) memory.delete(memory.keys().next().value ?? '');
    memory.set(key, { known, until });
    return known;
  }

  return {
    knows(address) {
      const key = mailboxKey(address);
      const remembered = memory.get(key);
      if (remembered !== undefined && remembered.until > deps.clock.now()) {
        return Promise.resolve(remembered.known);
      }
      const asking = underWay.get(key) ?? find(key, address).finally(() => underWay.delete(key));
      underWay.set(key, asking);
      return asking;
    },
  };
}

async function ask(
  address: Mailbox,
  deps: RecipientCheckDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const context = {
    protocol: 'local',
    peer: { address: 'local' },
    greeting: '',
    arrivedAt: deps.clock.now(),
    traceId: newTraceId(),
  } as const;
  const params = needsSmtpUtf8(address) ? ({ smtpUtf8: true } as const) : NO_PARAMS;
  const transaction = deps.delivery.begin(NULL_PATH, params, context, signal);
  try {
    await transaction.opened.catch((cause: unknown) => {
      throw refuse('recipient-check-unavailable', { cause });
    });
    await transaction.recipient(address, NO_PARAMS, signal);
    return true;
  } catch (cause) {
    // Only a 5yz about this very recipient says that it is not there; one to MAIL does not.
    if (asMailError(cause).permanent) return false;
    throw refuse('recipient-check-unavailable', { cause });
  } finally {
    await transaction.abort();
  }
}
