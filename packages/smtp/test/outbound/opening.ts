/**
 * How sessions begin: dialogues up to the first command, one message behind them, and
 * connecting where it must fail.
 */
import { expect } from 'vitest';
import { NO_PARAMS, silentLogger, systemClock } from '@posthouse/mail';
import { startScriptedPeer } from '@posthouse/testkit';
import type { ScriptedPeerOptions } from '@posthouse/testkit';
import { connect } from '../../src/outbound/connect.ts';
import type { ConnectDeps } from '../../src/outbound/connect.ts';
import type { ConnectTarget, TargetTls } from '../../src/outbound/connect-target.ts';
import type { ClientSession } from '../../src/outbound/session.ts';
import { PEER_CERTIFICATE } from './certificates.ts';
import { begin, BOB, commit, ENVELOPE, hello, QUIT, targetOf } from './peers.ts';

export const DEPS: ConnectDeps = { clock: systemClock, logger: silentLogger };
export const WITH_TLS: ScriptedPeerOptions = { tls: PEER_CERTIFICATE };
export const REQUIRED: TargetTls = { mode: 'required', verify: true, ca: PEER_CERTIFICATE.cert };
export const OPPORTUNISTIC: TargetTls = { mode: 'opportunistic', verify: false };

/** EHLO under TLS: no greeting comes before it. */
export const EHLO_AGAIN: string = hello('PIPELINING').replace('S: 220 peer.example.test ESMTP', '');

/** A greeting, EHLO, STARTTLS and EHLO again. */
export const STARTTLS: string = `
  ${hello('STARTTLS')}
  C: STARTTLS
  ! alone
  S: 220 2.0.0 ready
  ! tls
  ${EHLO_AGAIN}
`;

/** What `sendOne` says. */
export const A_MESSAGE: string = `
  ${ENVELOPE}
  C: DATA
  S: 354 go on
  ! content
  S: 250 ok
  ${QUIT}
`;

/** Sends a message and leaves. */
export async function sendOne(session: ClientSession): Promise<void> {
  const transaction = begin(session);
  await transaction.recipient(BOB, NO_PARAMS);
  expect(await commit(transaction)).toMatchObject([{ kind: 'relayed' }]);
  await session.quit();
}

/** Connects to a peer that plays this, and must fail. */
export async function failing(
  dialogues: readonly string[],
  target: Partial<ConnectTarget> = {},
  options: ScriptedPeerOptions = {},
): Promise<unknown> {
  const peer = await startScriptedPeer(dialogues, options);
  try {
    return await connect(targetOf(peer, target), DEPS).then(
      (session) => {
        session.destroy();
        return 'connected';
      },
      (error: unknown) => error,
    );
  } finally {
    await peer.stop();
  }
}
