/** AUTH on the wire (RFC 4954): PLAIN and LOGIN, in one line and in several, and what fails. */
import { refuse } from '@posthouse/mail';
import { describe, expect, it } from 'vitest';
import type { Credentials, ListenerOptions, SessionPolicy } from '../../src/index.ts';
import { certificate, ENVELOPE, startListener } from './listener-under-test.ts';

const b64 = (text: string): string => Buffer.from(text).toString('base64');

const open: Partial<ListenerOptions> = {
  authentication: { required: true, mechanisms: ['PLAIN', 'LOGIN'], allowWithoutTls: () => true },
};

/** Knows alice, whose password is "secret ž". */
const policy: SessionPolicy = {
  authenticate: async ({ mechanism, password, user }: Credentials) => {
    if (user === 'broken') throw new Error('the directory fell over');
    if (user !== 'alice' || password !== 'secret ž') throw refuse('credentials-invalid');
    return { account: 'alice@example.test', mechanism };
  },
};

const good = b64('\0alice\0secret ž');
const bad = b64('\0alice\0guessed');

describe('AUTH', () => {
  it.each([
    ['PLAIN with an initial response', `C: AUTH PLAIN ${good}`],
    ['plain, named in any case, for oneself', `C: auth plain ${b64('alice\0alice\0secret ž')}`],
    ['PLAIN in two lines', `C: AUTH PLAIN\nS: 334*\nC: ${good}`],
    [
      'LOGIN in three lines',
      `C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ${b64('alice')}\nS: 334 UGFzc3dvcmQ6\nC: ${b64('secret ž')}`,
    ],
    [
      'LOGIN with the user at once',
      `C: AUTH LOGIN ${b64('alice')}\nS: 334 UGFzc3dvcmQ6\nC: ${b64('secret ž')}`,
    ],
  ])('takes %s', async (_, exchange) => {
    const { session, receiver } = await startListener(open, { policy });
    await session(`
      C: MAIL FROM:<a@b.test>
      S: 530 5.7.0 Authentication required*
      ${exchange}
      S: 235 2.7.0 Authentication succeeded
      ${ENVELOPE}
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    const { content, context } = await receiver.message(0);
    expect(context.identity?.account).toBe('alice@example.test');
    expect(Buffer.from(content.prefix).toString()).toMatch(/ with ESMTPA id /);
  });

  it.each([
    ['a wrong password', `C: AUTH PLAIN ${bad}`, '535 5.7.8 *'],
    ['another mechanism', 'C: AUTH CRAM-MD5', '504 5.5.4 *'],
    ['no mechanism', 'C: AUTH', '504 5.5.4 *'],
    ['a cancelled exchange', 'C: AUTH LOGIN\nS: 334 *\nC: *', '501 5.7.0 *'],
    ['what is no base64', 'C: AUTH PLAIN $$$$', '501 5.5.2 *'],
    ['what is no UTF-8', 'C: AUTH PLAIN AP//AP8=', '501 5.5.2 *'],
    ['two parts instead of three', `C: AUTH PLAIN ${b64('alice\0secret')}`, '501 5.5.2 *'],
    ['an empty response', 'C: AUTH PLAIN =', '501 5.5.2 *'],
    ['words behind the response', `C: AUTH PLAIN ${good} x`, '501 5.5.2 *'],
    ['acting for another', `C: AUTH PLAIN ${b64('bob\0alice\0secret ž')}`, '535 5.7.8 *'],
    ['nobody', `C: AUTH PLAIN ${b64('\0\0x')}`, '535 5.7.8 *'],
    ['a fault of ours', `C: AUTH PLAIN ${b64('\0broken\0x')}`, '454 4.7.0 *'],
  ])('refuses %s', async (_, exchange, reply) => {
    const { session } = await startListener(open, { policy });
    await session(`
      ${exchange}
      S: ${reply}
      C: MAIL FROM:<a@b.test>
      S: 530 5.7.0 *
    `);
  });

  it('comes once, after EHLO, outside a transaction', async () => {
    const { connect } = await startListener(
      { authentication: { required: false, mechanisms: ['PLAIN'], allowWithoutTls: () => true } },
      { policy },
    );
    await connect(`
      S: 220 *
      C: AUTH PLAIN ${good}
      S: 503 5.5.1 *
      C: EHLO client.example.test
      S+ 250
      C: MAIL FROM:<a@b.test>
      S: 250 *
      C: AUTH PLAIN ${good}
      S: 503 5.5.1 Not within a mail transaction
      C: RSET
      S: 250 *
      C: AUTH PLAIN ${good}
      S: 235 *
      C: AUTH PLAIN ${good}
      S: 503 5.5.1 You are logged in already
    `);
  });

  it('is not offered, nor taken, in the clear', async () => {
    const { session, connect } = await startListener(
      {
        tls: { mode: 'starttls', ...certificate('listener') },
        authentication: { required: true, mechanisms: ['PLAIN'] },
      },
      { policy },
    );
    const client = await connect('S: 220 *');
    client.send('EHLO client.example.test\r\n');
    expect((await client.reply()).join()).not.toContain('AUTH');
    const secret = await session(`
      C: AUTH PLAIN ${good}
      S: 538 5.7.11 *
      C: STARTTLS
      S: 220 *
    `);
    await secret.secure();
    secret.send('EHLO client.example.test\r\n');
    expect(await secret.reply()).toContain('250-AUTH PLAIN');
    await secret.play(`
      C: AUTH PLAIN ${good}
      S: 235 *
    `);
    secret.send('EHLO client.example.test\r\n');
    expect((await secret.reply()).join()).not.toContain('AUTH');
  });

  it('may fail three times', async () => {
    const { session, log } = await startListener(open, { policy });
    await session(`
      C: AUTH PLAIN ${bad}
      S: 535 *
      C: AUTH LOGIN ${b64('alice')}
      S: 334 *
      C: ${b64('guessed')}
      S: 535 *
      C: AUTH PLAIN ${bad}
      S: 421 4.7.0 *
      ! end
    `);
    const refusals = log.filter(({ event }) => event === 'login-refused');
    expect(refusals).toHaveLength(3);
    expect(refusals[0]).toMatchObject({ level: 'info', user: 'alice' });
    expect(JSON.stringify(log)).not.toMatch(/guessed|secret/);
  });

  it('holds back what is pipelined behind it', async () => {
    const gate = Promise.withResolvers<void>();
    const { session } = await startListener(open, {
      policy: {
        authenticate: async ({ user }) => {
          await gate.promise;
          return { account: user, mechanism: 'PLAIN' };
        },
      },
    });
    const client = await session();
    client.send(`AUTH PLAIN ${good}\r\nMAIL FROM:<a@b.test>\r\n`);
    gate.resolve();
    await client.play(`
      S: 235 *
      S: 250 2.1.0 *
    `);
  });

  it('tells a fault once, as an error with its cause', async () => {
    const { session, log } = await startListener(open, { policy });
    await session(`
      C: AUTH PLAIN ${b64('\0broken\0x')}
      S: 454 4.7.0 *
    `);
    const errors = log.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.['err']).toMatchObject({ message: 'the directory fell over' });
  });
});
