/** What an address means: aliases, lists, catch-all and details behind a plus. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sendAsStranger, submit } from './system/author.ts';
import { acceptance, arrival, newMail } from './system/mailbox.ts';
import { describeInEveryShape } from './system/suite.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const CAROL = 'carol@example.test';

const sections = {
  domains: { own: ['example.test', 'everyone.test'], catch_all: { 'everyone.test': CAROL } },
  aliases: {
    'sales@example.test': BOB,
    'office@example.test': ['sales@example.test', CAROL, BOB],
    'team@example.test': { targets: [BOB, CAROL], owner: ALICE },
    'round@example.test': 'about@example.test',
    'about@example.test': 'round@example.test',
  },
};

describeInEveryShape('an address', sections, (system) => {
  test.each([
    ['an alias', 'sales@example.test', [BOB]],
    ['an alias of an alias, each mailbox once', 'office@example.test', [BOB, CAROL]],
    ['a catch-all', 'whoever@everyone.test', [CAROL]],
    ['in another case', 'SALES@Example.TEST', [BOB]],
  ])('that is %s leads to those behind it', async (_, address, readers) => {
    const sent = await submit(system(), { author: ALICE, recipients: [address] });
    for (const reader of readers) {
      const message = await arrival(system(), sent, reader);
      expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
      expect(message.values('delivered-to')).toEqual([reader]);
    }
    const { traceId } = await acceptance(system(), sent);
    const copies = system().logs.delivery.events.filter(
      (event) => event['event'] === 'delivered' && event['traceId'] === traceId,
    );
    expect(copies).toHaveLength(readers.length);
  });

  test('of a list has failures told to its owner', async () => {
    const sending = { author: 'dave@example.net', recipients: ['team@example.test'] };
    const sent = await sendAsStranger(system().relay, sending);
    for (const reader of [BOB, CAROL]) {
      const message = await arrival(system(), sent, reader, 'relay');
      expect(message.values('return-path')).toEqual([`<${ALICE}>`]);
    }
  });

  test('that leads back to itself is refused', async () => {
    const sent = await submit(system(), { author: ALICE, recipients: ['round@example.test'] });
    expect(sent.recipients).toEqual([expect.stringMatching(/^554 5\.4\.6 /)]);
  });

  test('with a detail goes to the folder of that name where there is one, else to the inbox', async () => {
    const folder = join(system().maildir(BOB), '.lists');
    for (const part of ['tmp', 'new', 'cur']) await mkdir(join(folder, part), { recursive: true });
    const recipients = ['bob+lists@example.test', 'bob+other@example.test'];
    const sent = await submit(system(), { author: ALICE, recipients });
    const [listed, other] = [
      await arrival(system(), sent, 'bob+lists@example.test'),
      await arrival(system(), sent, 'bob+other@example.test'),
    ];
    expect(listed.path.startsWith(`${folder}/new/`)).toBe(true);
    expect(other.path.startsWith(`${system().maildir(BOB)}/new/`)).toBe(true);
    expect(listed.values('delivered-to')).toEqual(['bob+lists@example.test']);
    expect(await newMail(system(), BOB, '.lists')).toHaveLength(1);
  });
});
