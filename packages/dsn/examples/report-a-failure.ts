import {
  contentOf,
  enhancedStatus,
  newTransactionId,
  parseDomain,
  parseMailbox,
  readReply,
} from '@posthouse/mail';
import { composeDsn, decideNotifications, readDsn, readReturnedContent } from '@posthouse/dsn';
import type { RecipientFate } from '@posthouse/dsn';

const [alice, bob] = ['alice@example.org', 'bob@example.net'].map(parseMailbox);
const reportingMta = parseDomain('relay.example.org');
if (!alice || !bob || !reportingMta) throw new TypeError('a literal above is wrong');

// What became of Bob: his mail server refused him.
const fate: RecipientFate = {
  forwardPath: bob,
  params: {}, // neither NOTIFY nor ORCPT was given
  outcome: {
    kind: 'failed',
    status: enhancedStatus(5, 1, 1),
    reply: readReply(550, ['5.1.1 No such user']),
    host: { name: 'mx.example.net' },
    reason: 'No such user',
    proof: 'peer-reply',
  },
};
const now = Date.now();
const params = {};
const message = { id: newTransactionId(now), params, origin: { greeting: '' }, acceptedAt: now };
const content = contentOf(Buffer.from('Subject: Lunch?\r\n\r\nAt noon?\r\n'));

for (const notification of decideNotifications({ reversePath: alice }, [fate])) {
  const returned = await readReturnedContent(content, { kind: notification.kind, params });
  const id = newTransactionId(now);
  const dsn = await composeDsn({ notification, message, returned, reportingMta, id, madeAt: now });
  console.log(dsn.bytes.toString()); // goes to dsn.forwardPath from the null reverse-path
  console.log((await readDsn(dsn.bytes))?.recipients[0]?.reply); // 550, 5.1.1, No such user
}
