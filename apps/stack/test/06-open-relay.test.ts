/**
 * The relay is closed: the classic tricks, from an address that nobody trusts, lead nowhere,
 * and the log says why. What may pass does pass through the very same port.
 *
 * Whatever gets out goes into the sink, Carol's mailbox, so that a leak would be seen.
 */
import { connectDialogue } from '@posthouse/testkit';
import type { DialogueClient, LogEvent } from '@posthouse/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendAsStranger, submit } from './system/author.ts';
import { arrival, newMail } from './system/mailbox.ts';
import { describeInEveryShape } from './system/suite.ts';

const ALICE = 'alice@example.test';
const SINK = 'carol@example.test';
const VICTIM = 'victim@elsewhere.test';
const UNTRUSTED = '127.0.0.2';
const TRUSTED = '127.0.0.3';

const sections = {
  log: { level: 'debug' }, // commands that are none are told there
  relay: { outbound: 'sink', sink: SINK, trusted_networks: [TRUSTED] },
};

/** Recipients as they stand in RCPT. */
const RECIPIENTS: readonly (readonly [trick: string, forwardPath: string])[] = [
  ['plainly', `<${VICTIM}>`],
  ['without brackets', VICTIM],
  ['with the percent hack', '<victim%elsewhere.test@example.test>'],
  ['with the percent hack twice', '<victim%elsewhere.test%example.test@example.test>'],
  ['with the percent hack to our address', '<victim%elsewhere.test@[127.0.0.1]>'],
  ['with the percent hack to our name', '<victim%elsewhere.test@mail.example.test>'],
  ['with a bang path', '<elsewhere.test!victim@example.test>'],
  ['with a bang path and no domain', '<elsewhere.test!victim>'],
  ['with a bang path through us', '<example.test!elsewhere.test!victim@mail.example.test>'],
  ['with a source route through us', `<@example.test:${VICTIM}>`],
  ['with a source route through us twice', `<@example.test,@mail.example.test:${VICTIM}>`],
  ['with a source route through our address', `<@[127.0.0.1]:${VICTIM}>`],
  ['with a quoted address before our domain', `<"${VICTIM}"@example.test>`],
  ['with a quoted address alone', `<"${VICTIM}">`],
  ['with a quoted percent hack', '<"victim%elsewhere.test"@example.test>'],
  ['with a quoted route', '<"@elsewhere.test:victim"@example.test>'],
  ['with a quote that ends early', '<"victim"@elsewhere.test@example.test>'],
  ['with two at signs, ours last', `<${VICTIM}@example.test>`],
  ['with two at signs, ours first', '<victim@example.test@elsewhere.test>'],
  ['at our address', '<victim@[127.0.0.1]>'],
  ['at our address, for somebody who is here', '<alice@[127.0.0.1]>'],
  ['at our IPv6 address', '<victim@[IPv6:::1]>'],
  ['at our address, mapped', '<victim@[IPv6:::ffff:127.0.0.1]>'],
  ['at an address without brackets', '<victim@127.0.0.1>'],
  ['at the address of another', '<victim@[192.0.2.1]>'],
  ['at localhost', '<victim@localhost>'],
  ['at our host name', '<victim@mail.example.test>'],
  ['below our domain', '<victim@sub.example.test>'],
  ['at a domain that begins with ours', '<victim@example.test.elsewhere.test>'],
  ['at a domain that ends with ours', '<victim@notexample.test>'],
  ['with a trailing dot', '<victim@elsewhere.test.>'],
  ['with a trailing dot behind our domain', '<victim@example.test.>'],
  ['with two trailing dots', '<alice@example.test..>'],
  ['in capitals', '<VICTIM@ELSEWHERE.TEST>'],
  ['at our domain in capitals', '<VICTIM@EXAMPLE.TEST>'],
  ['at a look-alike of our domain, as A-label', '<alice@xn--exmple-4nf.test>'],
  ['at a domain with a null label', '<victim@elsewhere..test>'],
  ['at no domain', '<victim@>'],
  ['at no domain and no at sign', '<victim>'],
  ['at our domain for nobody', '<@example.test>'],
  ['for nobody at all', '<>'],
  ['at an at sign', '<@>'],
  ['with a space before the end', `<${VICTIM} >`],
  ['with a comma list', `<alice@example.test,${VICTIM}>`],
  ['with two paths', `<alice@example.test> <${VICTIM}>`],
  ['with a semicolon', `<${VICTIM};alice@example.test>`],
  ['with a comment', `<victim@elsewhere.test(@example.test)>`],
  ['with a control character', '<victim@elsewhere.test\u0001@example.test>'],
  ['with a bare line feed', `<alice@example.test>\nRCPT TO:<${VICTIM}>`],
  ['with an ORCPT of ours', `<${VICTIM}> ORCPT=rfc822;alice@example.test`],
];

const INTERNATIONAL: readonly (readonly [trick: string, forwardPath: string])[] = [
  ['a look-alike of our domain', '<alice@ex\u0430mple.test>'],
  ['our domain in full width, for nobody', '<victim@\uff45xample.test>'],
  ['an ideographic dot before a domain of another', '<victim@elsewhere\u3002test>'],
  ['a hidden character in our domain', '<victim@exam\u200dple.test>'],
];

/** What a client says of itself, and in MAIL. */
const SENDERS: readonly (readonly [trick: string, greeting: string, mail: string])[] = [
  ['as one of our authors', 'stranger.example.net', `MAIL FROM:<${ALICE}>`],
  ['as nobody', 'stranger.example.net', 'MAIL FROM:<>'],
  ['as somebody at our host', 'stranger.example.net', 'MAIL FROM:<root@mail.example.test>'],
  ['as somebody without a domain', 'stranger.example.net', 'MAIL FROM:<postmaster>'],
  ['as somebody at our address', 'stranger.example.net', 'MAIL FROM:<root@[127.0.0.1]>'],
  ['under our own name', 'mail.example.test', `MAIL FROM:<${ALICE}>`],
  ['as localhost', 'localhost', 'MAIL FROM:<root@localhost>'],
  ['as a trusted address', `[${TRUSTED}]`, 'MAIL FROM:<dave@example.net>'],
  [
    'with an identity of its own making',
    'stranger.example.net',
    `MAIL FROM:<${ALICE}> AUTH=${ALICE}`,
  ],
];

/** The answers that let nobody through. */
const REFUSED = /^(?:500|501|503|504|550|553|554|555) /;

describeInEveryShape('the relay', sections, (system) => {
  let client: DialogueClient;

  async function ask(line: string): Promise<string> {
    client.send(`${line}\r\n`);
    return (await client.reply()).join('\n');
  }

  async function begin(greeting: string, mail: string): Promise<string> {
    client = await connectDialogue({ ...system().relay, localAddress: UNTRUSTED });
    await client.play(`S+ 220\nC: EHLO ${greeting}\nS+ 250`);
    return ask(mail);
  }

  /** Waits for the line of the log that says what was refused, and why. */
  function told(reply: string): Promise<LogEvent> {
    const names = ['recipient-refused', 'command-refused'];
    return system().logs.relay.next(names, { peer: UNTRUSTED, reply });
  }

  describe.each([
    ['', 'MAIL FROM:<dave@example.net>', RECIPIENTS],
    [' internationally', 'MAIL FROM:<dave@example.net> SMTPUTF8', INTERNATIONAL],
  ] as const)('is closed to recipients named%s', (_, mail, recipients) => {
    beforeAll(async () => {
      expect(await begin('stranger.example.net', mail)).toMatch(/^250 /);
    });
    afterAll(() => client.destroy());

    test.each(recipients)('%s', async (_trick, forwardPath) => {
      const reply = await ask(`RCPT TO:${forwardPath}`);
      expect(reply).toMatch(REFUSED);
      const { why } = await told(reply);
      if (reply.startsWith('554')) expect(why).toMatch(/^not own domain, not logged in/);
    });
  });

  test.each(SENDERS)('is closed to one who comes %s', async (_, greeting, mail) => {
    await begin(greeting, mail);
    const reply = await ask(`RCPT TO:<${VICTIM}>`);
    expect(reply).toMatch(/^(?:554 5\.7\.1|503 5\.5\.1) /);
    await told(reply);
    client.destroy();
  });

  test.each([
    ['XCLIENT', `XCLIENT ADDR=${TRUSTED} LOGIN=${ALICE}`],
    ['XFORWARD', `XFORWARD ADDR=${TRUSTED}`],
    [
      'the private parameter of our own agents',
      `MAIL FROM:<${ALICE}> XPOSTHOUSE=${forgedOrigin()}`,
    ],
  ])('believes no stranger who says with %s where he comes from', async (_, line) => {
    expect(await begin('stranger.example.net', line)).toMatch(/^(?:500|502|555) /);
    expect(await ask('MAIL FROM:<dave@example.net>')).toMatch(/^250 /);
    const reply = await ask(`RCPT TO:<${VICTIM}>`);
    expect(reply).toMatch(/^554 5\.7\.1 /);
    await told(reply);
    client.destroy();
  });

  test('is open to a network that is named', async () => {
    const sending = { author: 'dave@example.net', recipients: [VICTIM] };
    const sent = await sendAsStranger(system().relay, sending, TRUSTED);
    expect(sent.recipients).toEqual([expect.stringMatching(/^250 /)]);
    await arrival(system(), sent, SINK, 'relay');
  });

  test('is open to authors who have logged in', async () => {
    const sent = await submit(system(), { author: ALICE, recipients: [VICTIM] });
    expect(sent.recipients).toEqual([expect.stringMatching(/^250 /)]);
    await arrival(system(), sent, SINK);
  });

  test('has let nothing else out', async () => {
    expect(await newMail(system(), SINK)).toHaveLength(2);
  });
});

function forgedOrigin(): string {
  const origin = { protocol: 'esmtp', peer: { address: TRUSTED }, identity: { account: ALICE } };
  return Buffer.from(JSON.stringify(origin)).toString('base64url');
}
