/**
 * What the tests of this folder share: a scripted peer with a session to it, and the
 * lines with which nearly every dialogue begins.
 */
import { pour, contentOf, NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import type {
  Clock,
  ForwardPath,
  MailParams,
  MailTransaction,
  RecipientOutcome,
} from '@posthouse/mail';
import { domain, mailbox, startScriptedPeer, testContext } from '@posthouse/testkit';
import type { ScriptedPeer, ScriptedPeerOptions } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import type { ConnectTarget } from '../../src/outbound/connect-target.ts';
import type { ClientSession } from '../../src/outbound/session.ts';

/** Greeting and EHLO with these offers. */
export function hello(...offers: readonly string[]): string {
  return `
    S: 220 peer.example.test ESMTP
    C: EHLO client.example.test
    ${['peer.example.test', ...offers]
      .map((line, i) => `S: 250${i === offers.length ? ' ' : '-'}${line}`)
      .join('\n')}
  `;
}

/** A transaction from Alice to Bob, up to its content; the peer offers PIPELINING. */
export const ENVELOPE = `
  C: MAIL FROM:<alice@example.test>
  C: RCPT TO:<bob@example.test>
  S: 250 ok
  S: 250 ok
`;

/** How a client leaves in good manners. */
export const QUIT = `
  C: QUIT
  S: 221 2.0.0 bye
`;

/** A target at the peer. */
export function targetOf(
  peer: Pick<ScriptedPeer, 'host' | 'port'>,
  facts: Partial<ConnectTarget> = {},
): ConnectTarget {
  return {
    protocol: 'smtp',
    endpoint: { host: peer.host, port: peer.port },
    greeting: domain('client.example.test'),
    tls: { mode: 'off', verify: false },
    ...facts,
  };
}

export interface Played {
  readonly target?: Partial<ConnectTarget>;
  readonly clock?: Clock;
  readonly peer?: ScriptedPeerOptions;
}

/** Plays one dialogue against a session; fails where either side did not keep to it. */
export async function play(
  dialogue: string,
  run: (session: ClientSession, peer: ScriptedPeer) => Promise<void>,
  { target = {}, clock = systemClock, peer: options = {} }: Played = {},
): Promise<void> {
  const peer = await startScriptedPeer([dialogue], options);
  try {
    const deps = { clock, logger: silentLogger };
    const session = await connect(targetOf(peer, target), deps);
    try {
      await run(session, peer);
    } finally {
      session.destroy();
    }
  } finally {
    await peer.stop();
  }
}

export const ALICE: ForwardPath = mailbox('alice@example.test');
export const BOB: ForwardPath = mailbox('bob@example.test');
export const CAROL: ForwardPath = mailbox('carol@example.test');
export const DAVE: ForwardPath = mailbox('dave@example.test');

export const MESSAGE: Buffer = Buffer.from('Subject: hello\r\n\r\n.dot\r\n');
/** The message as it goes over DATA. */
export const MESSAGE_ON_THE_WIRE = 'Subject: hello\r\n\r\n..dot\r\n.\r\n';

/** Writes the message and hands over. */
export async function commit(
  transaction: MailTransaction,
  bytes: Buffer = MESSAGE,
  prefix: Uint8Array = new Uint8Array(),
): Promise<readonly RecipientOutcome[]> {
  await pour(contentOf(bytes), transaction.stage(prefix));
  return transaction.commit();
}

/** The peer as outcomes and errors name it. */
export const HOST = { name: '127.0.0.1', address: '127.0.0.1' };

/** A transaction from Alice. */
export function begin(session: ClientSession, params: MailParams = NO_PARAMS): MailTransaction {
  return session.begin(ALICE, params, testContext());
}
