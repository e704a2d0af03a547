/** What the tests share of content that leaves ahead of the answers: dialogues, and a sender in a hurry. */
import { contentOf, NO_PARAMS, pour, silentLogger, systemClock } from '@posthouse/mail';
import type {
  Clock,
  ForwardPath,
  MailParams,
  MailTransaction,
  RecipientOutcome,
} from '@posthouse/mail';
import { startScriptedPeer, testContext } from '@posthouse/testkit';
import type { ScriptedPeer } from '@posthouse/testkit';
import type { ConnectTarget } from '../../src/outbound/connect-target.ts';
import { createNextHop } from '../../src/outbound/next-hop.ts';
import type { NextHop } from '../../src/outbound/next-hop.ts';
import { ALICE, BOB, hello, MESSAGE, targetOf } from './peers.ts';

export const OFFERS: string = hello('PIPELINING', 'CHUNKING');
export const BDAT: string = `C: BDAT ${MESSAGE.length} LAST\n! octets ${MESSAGE.length}`;
export const TO_BOB: string = 'C: MAIL FROM:<alice@example.test>\nC: RCPT TO:<bob@example.test>';
export const TO_BOTH: string = `${TO_BOB}\nC: RCPT TO:<carol@example.test>`;
export const AHEAD: string = `${TO_BOB}\n${BDAT}\n! alone`;
export const TAKEN: string = 'S: 250 ok\nS: 250 ok\nS: 250 2.0.0 taken';
export const WAITING: string = `${TO_BOB}\n! alone\nS: 250 ok\nS: 250 ok\n${BDAT}\nS: 250 2.0.0 taken`;
export const RESET: string = 'C: RSET\nS: 250 ok';

export interface Facts {
  readonly target?: Partial<ConnectTarget>;
  readonly clock?: Clock;
}

export async function withHop(
  dialogues: readonly string[],
  run: (hop: NextHop, peer: ScriptedPeer) => Promise<void>,
  { target, clock = systemClock }: Facts = {},
): Promise<void> {
  const peer = await startScriptedPeer(dialogues);
  const hop = createNextHop({ target: targetOf(peer, target) }, { clock, logger: silentLogger });
  await hop.start();
  try {
    await run(hop, peer);
  } finally {
    await hop.stop();
    await peer.stop();
  }
}

export interface Sending {
  readonly transaction: MailTransaction;
  readonly outcomes: Promise<readonly RecipientOutcome[]>;
  /** The opening and each recipient, settled. */
  readonly answers: Promise<readonly PromiseSettledResult<void>[]>;
}

export interface Sent {
  readonly to?: readonly ForwardPath[];
  readonly params?: MailParams;
  readonly bytes?: Buffer;
  readonly signal?: AbortSignal;
}

/** All in one turn, as a queue does that waits for nothing. */
export function send(
  hop: NextHop,
  { to = [BOB], params = NO_PARAMS, bytes, signal }: Sent = {},
): Sending {
  const transaction = hop.begin(ALICE, params, testContext(), signal);
  const asked = to.map((path) => transaction.recipient(path, NO_PARAMS, signal));
  const answers = Promise.allSettled([transaction.opened, ...asked]);
  const outcomes = pour(
    contentOf(bytes ?? MESSAGE),
    transaction.stage(Buffer.alloc(0), signal),
  ).then(() => transaction.commit(signal));
  outcomes.catch(() => undefined);
  return { transaction, answers, outcomes };
}

export const RELAYED = [{ kind: 'relayed', reply: { code: 250 } }] as const;
export const DOUBTFUL = {
  status: 'rejected',
  reason: { permanent: false, inDoubt: true, scope: 'host' },
};
