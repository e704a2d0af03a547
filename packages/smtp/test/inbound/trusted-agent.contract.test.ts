/** XPOSTHOUSE: what one of our own agents says of a message's origin, and nobody else. */
import { refuse } from '@posthouse/mail';
import { testContext } from '@posthouse/testkit';
import type { DialogueClient } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { encodePrivateContext } from '../../src/private-context.ts';
import { startListener } from './listener-under-test.ts';
import type { ListenerUnderTest } from './listener-under-test.ts';

const origin = testContext({
  peer: { address: '203.0.113.7', port: 999 },
  identity: { account: 'alice@example.test', mechanism: 'PLAIN' },
  greeting: 'author.example.test',
});
const PARAMETER = `XPOSTHOUSE=${encodePrivateContext(origin)}`;
const login = (user: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${user}\0secret`).toString('base64')}`;

/** Trusts who logs in as `submission`. */
function startTrusting(): Promise<ListenerUnderTest> {
  return startListener(
    {
      trustedContext: ({ identity }) => identity?.account === 'submission',
      authentication: { required: false, mechanisms: ['PLAIN'], allowWithoutTls: () => true },
    },
    {
      policy: {
        authenticate: async ({ user, mechanism }) => {
          if (user === 'nobody') throw refuse('credentials-invalid');
          return { account: user, mechanism };
        },
      },
    },
  );
}

async function offers(client: DialogueClient): Promise<string> {
  client.send('EHLO submission.example.test\r\n');
  return (await client.reply()).join('\n');
}

describe('XPOSTHOUSE', () => {
  it('is believed of our own agents, who need not greet again after their login', async () => {
    const under = await startTrusting();
    const client = await under.connect('S: 220 *');
    expect(await offers(client)).toContain('XPOSTHOUSE');
    await client.play(`
      C: MAIL FROM:<a@b.test> ${PARAMETER}
      S: 555 5.5.4 *XPOSTHOUSE
      C: ${login('submission')}
      S: 235 *
      C: MAIL FROM:<a@b.test> XPOSTHOUSE=e30
      S: 501 5.5.4 *
      C: MAIL FROM:<a@b.test> ${PARAMETER}
      S: 250 *
      C: RCPT TO:<c@d.test>
      S: 250 *
      C: DATA
      S: 354 *
      C: .
      S: 250 *
    `);
    expect(await offers(client)).toContain('XPOSTHOUSE');
    const { context, content } = await under.receiver.message(0);
    expect(context).toEqual(origin);
    // Received tells of this hop, whatever the message's origin.
    expect(Buffer.from(content.prefix).toString()).toMatch(
      /^Received: from submission\.example\.test \(\[127\.0\.0\.1\]\)/,
    );
  });

  it('is not believed of others who log in', async () => {
    const { connect } = await startTrusting();
    const client = await connect('S: 220 *');
    await offers(client);
    await client.play(`
      C: ${login('nobody')}
      S: 535 *
      C: MAIL FROM:<a@b.test> ${PARAMETER}
      S: 555 5.5.4 *
      C: ${login('alice')}
      S: 235 *
      C: MAIL FROM:<a@b.test> ${PARAMETER}
      S: 555 5.5.4 *
    `);
    expect(await offers(client)).not.toContain('XPOSTHOUSE');
  });

  it('is not named where nobody is trusted', async () => {
    const { connect } = await startListener();
    expect(await offers(await connect('S: 220 *'))).not.toContain('XPOSTHOUSE');
  });
});
