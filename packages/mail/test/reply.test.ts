import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asMailError,
  createReply,
  formatReply,
  outcomeOfError,
  outcomeOfFault,
  parseStatus,
  peerRefusal,
  readReply,
  refusalOf,
  refuse,
  REFUSALS,
  replyText,
} from '@posthouse/mail';
import type { RefusalName } from '@posthouse/mail';

describe('a reply', () => {
  it('is written with its status on every line (RFC 2034 §4)', () => {
    const reply = createReply(550, parseStatus('5.1.1'), 'No such mailbox here', 'Ask postmaster');
    expect(formatReply(reply)).toEqual([
      '550-5.1.1 No such mailbox here',
      '550 5.1.1 Ask postmaster',
    ]);
  });

  it('cannot be split by what its text holds', () => {
    const reply = createReply(550, undefined, 'one\r\n250 two\0');
    expect(formatReply(reply)).toEqual(['550 one 250 two ']);
  });

  it('believes an enhanced status only where its class fits the code', () => {
    expect(readReply(550, ['5.1.1 gone']).status).toEqual({ class: 5, subject: 1, detail: 1 });
    expect(readReply(250, ['5.1.1 odd'])).toEqual({ code: 250, lines: ['5.1.1 odd'] });
    expect(readReply(451, ['4.7.10']).lines).toEqual(['']);
  });

  it('reads back what it writes', () => {
    const text = fc.string().map((line) => line.replace(/[^\u0020-\u007e]/g, 'x'));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (lines) => {
        const reply = createReply(451, parseStatus('4.7.10'), ...lines);
        const texts = formatReply(reply).map((line) => line.slice(4));
        expect(readReply(451, texts)).toEqual(reply);
      }),
    );
  });
});

describe('refusals', () => {
  const names = Object.keys(REFUSALS) as RefusalName[]; // the registry's own keys

  it.each(names)('%s: status and code agree, and permanent names its proof', (name) => {
    const { code, status, proof } = refusalOf(name);
    const wanted = code >= 500 ? 5 : 4;
    expect(parseStatus(status)?.class).toBe(wanted);
    expect(proof !== undefined).toBe(code >= 500);
    expect(refuse(name).permanent).toBe(code >= 500);
  });

  it('keeps a peer’s words exactly, and calls only its 5yz permanent', () => {
    const reply = readReply(550, ['5.7.26 not signed', '5.7.26 see there']);
    expect(outcomeOfError(peerRefusal(reply))).toMatchObject({
      kind: 'failed',
      proof: 'peer-reply',
      reply,
    });
    expect(outcomeOfError(peerRefusal(readReply(451, ['later']))).kind).toBe('delayed');
  });

  it('calls nothing permanent that was thrown by who carries the message', () => {
    const busy = refuse('deadline-passed', { inDoubt: true });
    expect(outcomeOfFault(busy)).toEqual(outcomeOfError(busy));
    expect(outcomeOfFault(refuse('no-such-mailbox'))).toMatchObject({
      kind: 'delayed',
      status: { class: 4, subject: 3, detail: 0 },
    });
  });

  it('calls everything unknown transient', () => {
    for (const thrown of [new Error('x'), 'text', undefined, new TypeError('bug')]) {
      expect(replyText(asMailError(thrown).reply)).toMatch(/^451 4\.3\.0 /);
      expect(outcomeOfError(thrown).kind).toBe('delayed');
    }
    expect(asMailError(AbortSignal.timeout(0).reason).code).toBe('local-trouble');
    expect(asMailError(new DOMException('', 'TimeoutError')).code).toBe('deadline-passed');
  });
});
