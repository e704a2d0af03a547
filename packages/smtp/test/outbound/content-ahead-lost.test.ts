/** What is in doubt where content left together with MAIL and RCPT, and what is said again. */
import { describe, expect, it } from 'vitest';
import { createManualClock } from '@posthouse/testkit';
import {
  AHEAD,
  BDAT,
  OFFERS,
  RELAYED,
  send,
  TAKEN,
  TO_BOB,
  TO_BOTH,
  WAITING,
  withHop,
  DOUBTFUL,
} from './ahead.ts';
import { BOB, CAROL, MESSAGE, QUIT } from './peers.ts';

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
