/** Content that leaves together with MAIL and RCPT: one round trip, and what is in doubt then. */
import { describe, expect, it } from 'vitest';
import { contentOf, NO_PARAMS, pour, silentLogger, systemClock } from '@posthouse/mail';
import type {
  Clock,
  ForwardPath,
  MailParams,
  MailTransaction,
  RecipientOutcome,
} from '@posthouse/mail';
import { createManualClock, mailbox, startScriptedPeer, testContext } from '@posthouse/testkit';
import type { ScriptedPeer } from '@posthouse/testkit';
import type { ConnectTarget } from '../../src/outbound/connect-target.ts';
import { createNextHop } from '../../src/outbound/next-hop.ts';
import type { NextHop } from '../../src/outbound/next-hop.ts';
import { ALICE, BOB, CAROL, commit, hello, MESSAGE, QUIT, targetOf } from './peers.ts';

const OFFERS = hello('PIPELINING', 'CHUNKING');
const BDAT = `C: BDAT ${MESSAGE.length} LAST\n! octets ${MESSAGE.length}`;
const TO_BOB = 'C: MAIL FROM:<alice@example.test>\nC: RCPT TO:<bob@example.test>';
const TO_BOTH = `${TO_BOB}\nC: RCPT TO:<carol@example.test>`;
const AHEAD = `${TO_BOB}\n${BDAT}\n! alone`;
const TAKEN = 'S: 250 ok\nS: 250 ok\nS: 250 2.0.0 taken';
const WAITING = `${TO_BOB}\n! alone\nS: 250 ok\nS: 250 ok\n${BDAT}\nS: 250 2.0.0 taken`;
const RESET = 'C: RSET\nS: 250 ok';

interface Facts {
  readonly target?: Partial<ConnectTarget>;
  readonly clock?: Clock;
}

async function withHop(
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

interface Sending {
  readonly transaction: MailTransaction;
  readonly outcomes: Promise<readonly RecipientOutcome[]>;
  /** The opening and each recipient, settled. */
  readonly answers: Promise<readonly PromiseSettledResult<void>[]>;
}

interface Sent {
  readonly to?: readonly ForwardPath[];
  readonly params?: MailParams;
  readonly bytes?: Buffer;
  readonly signal?: AbortSignal;
}

/** All in one turn, as a queue does that waits for nothing. */
function send(hop: NextHop, { to = [BOB], params = NO_PARAMS, bytes, signal }: Sent = {}): Sending {
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

const RELAYED = [{ kind: 'relayed', reply: { code: 250 } }];
const DOUBTFUL = { status: 'rejected', reason: { permanent: false, inDoubt: true, scope: 'host' } };

describe('content ahead of the answers', () => {
  it('leaves with MAIL and RCPT, on a fresh connection and when it is used again', () =>
    withHop(
      [`${OFFERS}${AHEAD}\n${TAKEN}\n${AHEAD}\n${TAKEN}\n${QUIT}`],
      async (hop, { contents }) => {
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(contents).toEqual([MESSAGE, MESSAGE]);
      },
    ));

  it('goes to those who are taken, and the others have their own answer', () =>
    withHop(
      [
        `${OFFERS}${TO_BOTH}\n${BDAT}
        S: 250 ok
        S: 550 5.1.1 no bob
        S: 250 ok
        S: 250 2.0.0 taken
        ${QUIT}`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [BOB, CAROL] });
        expect(await outcomes).toMatchObject(RELAYED);
        expect(await answers).toMatchObject([
          { status: 'fulfilled' },
          { status: 'rejected', reason: { reply: { code: 550 }, permanent: true, inDoubt: false } },
          { status: 'fulfilled' },
        ]);
      },
    ));

  it('is taken off the wire by a peer that takes nobody, and the connection serves on', () =>
    withHop(
      [
        `${OFFERS}${AHEAD}
        S: 250 ok
        S: 550 5.1.1 no bob
        S: 554 5.5.1 no valid recipients
        ${RESET}
        ${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop);
        await expect(outcomes).rejects.toThrow('every recipient was refused');
        expect(await answers).toMatchObject([{}, { reason: { reply: { code: 550 } } }]);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
      },
    ));

  it('is refused with MAIL, whose answer is that of all, and the connection serves on', () =>
    withHop(
      [
        `${OFFERS}${AHEAD}
        S: 550 5.7.1 not you
        S: 503 5.5.1 MAIL first
        S: 503 5.5.1 MAIL first
        ${RESET}
        ${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop);
        const refused = { reply: { code: 550 }, permanent: true, inDoubt: false };
        await expect(outcomes).rejects.toMatchObject(refused);
        expect(await answers).toMatchObject([{ reason: refused }, { reason: refused }]);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
      },
    ));

  it('may be refused by itself, and the peer is asked to forget the rest', () =>
    withHop(
      [`${OFFERS}${AHEAD}\nS: 250 ok\nS: 250 ok\nS: 550 5.7.1 spam\n${RESET}\n${QUIT}`],
      async (hop) => {
        expect(await send(hop).outcomes).toMatchObject([{ kind: 'failed', reply: { code: 550 } }]);
      },
    ));

  it('waits where it is large', () => {
    const large = Buffer.alloc(70_000, 'x\r\n');
    return withHop(
      [
        `${OFFERS}${TO_BOB}\n! alone\nS: 250 ok\nS: 250 ok
        C: BDAT 70000\n! octets 70000\nS: 250 ok\nC: BDAT 2 LAST\n! octets 2\nS: 250 ok\n${QUIT}`,
      ],
      async (hop) => {
        expect(await send(hop, { bytes: large }).outcomes).toMatchObject(RELAYED);
      },
    );
  });

  it.each<[string, string, Facts['target']]>([
    ['over LMTP', OFFERS.replace('EHLO', 'LHLO'), { protocol: 'lmtp' }],
    ['to an agent of ours', OFFERS, { shareContext: true }],
    ['without PIPELINING', hello('CHUNKING'), {}],
  ])('waits %s', (_, greeting, target) => {
    const pipelined = `${WAITING}\n${QUIT}`;
    const oneByOne = pipelined.replace(
      '\nC: RCPT TO:<bob@example.test>\n! alone\nS: 250 ok',
      '\n! alone\nS: 250 ok\nC: RCPT TO:<bob@example.test>\n! alone',
    );
    const dialogue = greeting.includes('PIPELINING') ? pipelined : oneByOne;
    return withHop(
      [`${greeting}${dialogue}`],
      async (hop) => expect(await send(hop).outcomes).toMatchObject(RELAYED),
      { ...(target && { target }) },
    );
  });

  it('leaves with DATA in the old way where the target says no to chunks', () =>
    withHop(
      [
        `${OFFERS}${TO_BOB}\nC: DATA\n! alone\nS: 250 ok\nS: 250 ok\nS: 354 go on
        ! content\nS: 250 ok\n${QUIT}`,
      ],
      async (hop) => expect(await send(hop).outcomes).toMatchObject(RELAYED),
      { target: { chunking: false } },
    ));

  it('waits for recipients that were asked before, as in cut-through', () =>
    withHop([`${OFFERS}${WAITING}\n${QUIT}`], async (hop) => {
      const transaction = hop.begin(ALICE, NO_PARAMS, testContext());
      await transaction.recipient(BOB, NO_PARAMS);
      expect(await commit(transaction)).toMatchObject(RELAYED);
    }));
});

describe('what a peer is told ahead of its answers', () => {
  it('has all parameters, and content in the seven bits that it takes', () => {
    const eight = Buffer.from(
      'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        'Content-Transfer-Encoding: 8bit\r\n\r\nna\u00efve\r\n',
    );
    const seven = eight.toString('latin1').replace('8bit', 'quoted-printable').length + 4;
    return withHop(
      [
        `${hello('PIPELINING', 'CHUNKING', 'DSN', 'SMTPUTF8', 'SIZE 1000')}
        C: MAIL FROM:<alice@example.test> SMTPUTF8 RET=HDRS
        C: RCPT TO:<bob@example.test>
        C: BDAT ${seven} LAST
        ! octets ${seven}
        ${TAKEN}\n${QUIT}`,
      ],
      async (hop, { contents }) => {
        const params: MailParams = {
          smtpUtf8: true,
          ret: 'HDRS',
          sizeBytes: 400,
          body: '8BITMIME',
        };
        expect(await send(hop, { params, bytes: eight }).outcomes).toMatchObject(RELAYED);
        expect(contents.join('')).toContain('na=C3=AFve');
      },
    );
  });

  it('is no recipient more than it takes', () =>
    withHop(
      [`${hello('PIPELINING', 'CHUNKING', 'LIMITS RCPTMAX=1')}${AHEAD}\n${TAKEN}\n${QUIT}`],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [BOB, CAROL] });
        expect(await outcomes).toMatchObject(RELAYED);
        expect(await answers).toMatchObject([
          {},
          { status: 'fulfilled' },
          { reason: { code: 'too-many-recipients' } },
        ]);
      },
    ));

  it('is no content where no recipient could be named', () =>
    withHop(
      [`${OFFERS}C: MAIL FROM:<alice@example.test>\n! alone\nS: 250 ok\n${RESET}\n${QUIT}`],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [mailbox('jürgen@example.test')] });
        await expect(outcomes).rejects.toThrow('every recipient was refused');
        expect(await answers).toMatchObject([{}, { reason: { code: 'smtputf8-unsupported' } }]);
      },
    ));

  it('is nothing where the message is too large for it', () =>
    withHop([`${hello('PIPELINING', 'CHUNKING', 'SIZE 10')}${QUIT}`], async (hop) => {
      const { outcomes } = send(hop, { params: { sizeBytes: 400 } });
      await expect(outcomes).rejects.toMatchObject({ code: 'message-too-large', inDoubt: false });
    }));

  it('is no content where the caller gives up before he commits', () =>
    withHop([`${OFFERS}${TO_BOB}\n! mark asked`], async (hop, peer) => {
      const transaction = hop.begin(ALICE, NO_PARAMS, testContext());
      const bob = transaction.recipient(BOB, NO_PARAMS);
      await pour(contentOf(MESSAGE), transaction.stage(Buffer.alloc(0)));
      await peer.reached('asked');
      await transaction.abort();
      await expect(bob).rejects.toMatchObject({ permanent: false, inDoubt: false });
      await expect(transaction.commit()).rejects.toThrow();
    }));

  it('cannot be taken back once the commit has begun', () =>
    withHop([`${OFFERS}${AHEAD}\n! until done\n${TAKEN}\n${QUIT}`], async (hop, peer) => {
      const { outcomes, transaction } = send(hop);
      await pour(contentOf(Buffer.alloc(0)), { write: async () => {}, end: async () => {} });
      const aborted = transaction.abort();
      peer.release('done');
      await aborted;
      expect(await outcomes).toMatchObject(RELAYED);
    }));
});

describe('a connection that is lost with content ahead', () => {
  it('before any answer leaves all in doubt, and nothing is repeated', () =>
    withHop([`${OFFERS}${AHEAD}\n! drop`], async (hop, peer) => {
      const { answers, outcomes } = send(hop);
      await expect(outcomes).rejects.toMatchObject({ inDoubt: true });
      expect(await answers).toMatchObject([DOUBTFUL, DOUBTFUL]);
      expect(peer.connections).toBe(1);
    }));

  it('after some answers leaves in doubt whom the peer has not refused', () =>
    withHop(
      [
        `${OFFERS}C: MAIL FROM:<alice@example.test>
        C: RCPT TO:<bob@example.test>\nC: RCPT TO:<carol@example.test>\nC: RCPT TO:<bob@example.test>
        ${BDAT}
        S: 250 ok\nS: 250 ok\nS: 550 5.1.1 no carol
        ! drop`,
      ],
      async (hop) => {
        const { answers, outcomes } = send(hop, { to: [BOB, CAROL, BOB] });
        expect(await outcomes).toMatchObject([{ kind: 'delayed', inDoubt: true, scope: 'host' }]);
        expect(await answers).toMatchObject([
          { status: 'fulfilled' },
          { status: 'fulfilled' },
          { reason: { reply: { code: 550 }, inDoubt: false } },
          DOUBTFUL,
        ]);
      },
    ));

  it('by a 421 in place of MAIL’s answer is not in doubt', () =>
    withHop([`${OFFERS}${AHEAD}\nS: 421 4.3.2 going down`], async (hop) => {
      const { answers, outcomes } = send(hop);
      const refused = { reply: { code: 421 }, scope: 'host', inDoubt: false };
      await expect(outcomes).rejects.toMatchObject(refused);
      expect(await answers).toMatchObject([{ reason: refused }, { reason: refused }]);
    }));

  it('by a 421 to a recipient is certain of that one alone', () =>
    withHop([`${OFFERS}${TO_BOTH}\n${BDAT}\nS: 250 ok\nS: 421 4.3.2 going down`], async (hop) => {
      const { answers, outcomes } = send(hop, { to: [BOB, CAROL] });
      await expect(outcomes).rejects.toThrow();
      expect(await answers).toMatchObject([
        { status: 'fulfilled' },
        { reason: { reply: { code: 421 }, inDoubt: false } },
        DOUBTFUL,
      ]);
    }));

  it('by a 421 to the content is its refusal', () =>
    withHop([`${OFFERS}${AHEAD}\nS: 250 ok\nS: 250 ok\nS: 421 4.3.2 going down`], async (hop) => {
      const [outcome] = await send(hop).outcomes;
      expect(outcome).toMatchObject({ kind: 'delayed', reply: { code: 421 } });
      expect(outcome).not.toHaveProperty('inDoubt');
    }));

  it('by the caller’s deadline leaves all in doubt', () =>
    withHop([`${OFFERS}${AHEAD}\n! mark all`], async (hop, peer) => {
      const deadline = new AbortController();
      const { answers, outcomes } = send(hop, { signal: deadline.signal });
      await peer.reached('all');
      deadline.abort(new DOMException('too late', 'TimeoutError'));
      await expect(outcomes).rejects.toMatchObject({ code: 'deadline-passed', inDoubt: true });
      expect(await answers).toMatchObject([
        { reason: { code: 'deadline-passed', inDoubt: true } },
        { reason: { inDoubt: true } },
      ]);
    }));

  it('by silence leaves all in doubt', async () => {
    const clock = createManualClock();
    await withHop(
      [`${OFFERS}${AHEAD}\n! mark all`],
      async (hop, peer) => {
        const { outcomes } = send(hop);
        await peer.reached('all');
        const refused = expect(outcomes).rejects.toMatchObject({ inDoubt: true });
        await clock.advance(5 * 60_000);
        await refused;
      },
      { clock },
    );
  });
});

describe('a connection that is used again', () => {
  it('and says 421 in place of MAIL’s answer is replaced unseen, content and all', () =>
    withHop(
      [
        `${OFFERS}${AHEAD}\n${TAKEN}\n${AHEAD}\nS: 421 4.7.0 enough for one session`,
        `${OFFERS}${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop, { contents }) => {
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(contents).toEqual([MESSAGE, MESSAGE, MESSAGE]);
      },
    ));

  it('and is lost without a word leaves that in doubt once, then content waits on it', () =>
    withHop(
      [
        `${OFFERS}${AHEAD}\n${TAKEN}\n${AHEAD}\n! drop`,
        `${OFFERS}${AHEAD}\n${TAKEN}\n${WAITING}\n${TO_BOB}\n! drop`,
        `${OFFERS}${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop, peer) => {
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        const lost = send(hop);
        await expect(lost.outcomes).rejects.toMatchObject({ inDoubt: true });
        expect(await lost.answers).toMatchObject([DOUBTFUL, DOUBTFUL]);
        expect(peer.connections).toBe(1);
        for (let i = 0; i < 3; i++) expect(await send(hop).outcomes).toMatchObject(RELAYED);
        expect(peer.connections).toBe(3);
      },
    ));

  it('after a rest of seconds is asked before it gets content', async () => {
    const clock = createManualClock();
    await withHop(
      [
        `${OFFERS}${AHEAD}\n${TAKEN}\n${AHEAD}\n${TAKEN}\n${WAITING}\n${TO_BOB}\n! drop`,
        `${OFFERS}${AHEAD}\n${TAKEN}\n${QUIT}`,
      ],
      async (hop) => {
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        await clock.advance(5_000);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        await clock.advance(5_001);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
        await clock.advance(5_001);
        expect(await send(hop).outcomes).toMatchObject(RELAYED);
      },
      { clock },
    );
  });
});
