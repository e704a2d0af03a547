import { describe, expect, it } from 'vitest';
import { readReply } from '@posthouse/mail';
import { messageRefusal, recipientRefusal, sessionRefusal } from '../../src/outbound/peer-reply.ts';

const HOST = { name: 'mx.example.test', address: '192.0.2.1' };

describe('a peer’s reply', () => {
  it.each([
    [550, true],
    [553, true],
    [450, false],
    [421, false],
    [552, false], // RFC 5321 §4.5.3.1.10
    [530, false],
    [534, false],
    [535, false],
    [538, false],
  ])('%i to RCPT is permanent: %s', (code, permanent) => {
    const error = recipientRefusal(readReply(code, ['no']), { host: HOST });
    expect(error.permanent).toBe(permanent);
    expect(error).toMatchObject({
      code: 'peer-refused',
      reply: { code, lines: ['no'] },
      host: HOST,
    });
  });

  it.each([
    ['5.2.2 full', true],
    ['5.5.3 too many', false],
    ['5.0.0 no', false],
  ])('552 %s to RCPT is permanent: %s', (text, permanent) => {
    const error = recipientRefusal(readReply(552, [text]), { host: HOST });
    expect(error.permanent).toBe(permanent);
  });

  it.each([
    [552, true],
    [554, true],
    [452, false],
    [530, false],
  ])('%i to a message is permanent: %s', (code, permanent) => {
    expect(messageRefusal(readReply(code, ['no']), { host: HOST }).permanent).toBe(permanent);
  });

  it('to a session is transient, and told in full', () => {
    const reply = readReply(554, ['5.7.1 go away']);
    const error = sessionRefusal('next-hop-refused', reply, HOST);
    expect(error.permanent).toBe(false);
    expect(error.reply.code).toBe(451);
    expect(error.message).toContain('554 5.7.1 go away');
    expect(error.heard).toEqual(reply);
  });
});
