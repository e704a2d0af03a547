/** Logins with access tokens, against peers that speak as Google and Microsoft document it. */
import { MailError, silentLogger, systemClock } from '@posthouse/mail';
import { domain, startScriptedPeer } from '@posthouse/testkit';
import { expect, it } from 'vitest';
import { connect } from '../../src/index.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const xoauth2 = (token: string): string =>
  base64(`user=me@gmail.com\u0001auth=Bearer ${token}\u0001\u0001`);

/** Logs in at a peer that plays this, with these tokens one after the other; tells what it asked for. */
async function logIn(
  dialogue: string,
  ...tokens: readonly string[]
): Promise<{ readonly failure: unknown; readonly refused: readonly (string | undefined)[] }> {
  const peer = await startScriptedPeer([dialogue]);
  const refused: (string | undefined)[] = [];
  const target = {
    protocol: 'smtp',
    endpoint: { host: peer.host, port: peer.port },
    servername: 'smtp.gmail.com',
    greeting: domain('client.test'),
    tls: { mode: 'off', verify: false },
    authentication: {
      user: 'me@gmail.com',
      allowWithoutTls: true,
      token: async (which?: string) => {
        refused.push(which);
        const token = tokens[refused.length - 1];
        if (token === undefined) throw new Error('no more tokens');
        return token;
      },
    },
  } as const;
  let failure: unknown;
  try {
    const session = await connect(target, { clock: systemClock, logger: silentLogger });
    await session.quit();
  } catch (error) {
    failure = error;
  }
  await peer.stop();
  return { failure, refused };
}

const GREETING = `S: 220 smtp.gmail.com ESMTP
C: EHLO client.test
S: 250-smtp.gmail.com
`;
const WITH_XOAUTH2 = `${GREETING}S: 250 AUTH LOGIN PLAIN XOAUTH2 OAUTHBEARER\n`;

it('says a token with XOAUTH2', async () => {
  const { failure, refused } = await logIn(
    `${WITH_XOAUTH2}C: AUTH XOAUTH2 ${xoauth2('ya29.one')}
     S: 235 2.7.0 Accepted
     C: QUIT
     S: 221 Bye`,
    'ya29.one',
  );
  expect(failure).toBeUndefined();
  expect(refused).toEqual([undefined]);
});

it('says it with OAUTHBEARER where there is nothing else', async () => {
  const said = 'n,a=me@gmail.com,\u0001host=smtp.gmail.com\u0001port=';
  const { failure } = await logIn(
    `${GREETING}S: 250 AUTH OAUTHBEARER
     C: AUTH OAUTHBEARER ${base64(said).slice(0, 40)}*
     S: 235 2.7.0 Accepted
     C: QUIT
     S: 221 Bye`,
    'one',
  );
  expect(failure).toBeUndefined();
});

it('renews a token that is refused, after it has heard the reasons', async () => {
  const { failure, refused } = await logIn(
    `${WITH_XOAUTH2}C: AUTH XOAUTH2 ${xoauth2('old')}
     S: 334 ${base64('{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')}
     C: *
     S: 535 5.7.8 Username and Password not accepted
     C: AUTH XOAUTH2 ${xoauth2('new')}
     S: 235 2.7.0 Accepted
     C: QUIT
     S: 221 Bye`,
    'old',
    'new',
  );
  expect(failure).toBeUndefined();
  expect(refused).toEqual([undefined, 'old']);
});

it('gives up for now when the new one is refused, too; and tells no token to anybody', async () => {
  const { failure } = await logIn(
    `${WITH_XOAUTH2}C: AUTH XOAUTH2 *
     S: 535 5.7.3 Authentication unsuccessful
     C: AUTH XOAUTH2 *
     S: 535 5.7.3 Authentication unsuccessful`,
    'secret-one',
    'secret-two',
  );
  if (!(failure instanceof MailError)) throw new TypeError('a refusal');
  expect(failure).toMatchObject({
    code: 'next-hop-authentication',
    permanent: false,
    heard: { code: 535 },
  });
  const told = JSON.stringify([failure.message, failure.fields, String(failure.cause)]);
  for (const secret of ['secret-one', base64('secret'), xoauth2('secret-two').slice(0, 20)]) {
    expect(told).not.toContain(secret);
  }
});

it('says no password where a token is meant', async () => {
  const { failure } = await logIn(`${GREETING}S: 250 AUTH PLAIN LOGIN`, 'one');
  expect(failure).toMatchObject({ code: 'next-hop-authentication' });
  expect(String(failure)).toContain('neither AUTH XOAUTH2 nor OAUTHBEARER');
});
