import {
  array,
  assert,
  asyncProperty,
  constantFrom,
  integer,
  option,
  record,
  stringMatching,
  uint8Array,
} from 'fast-check';
import { expect, test } from 'vitest';
import { createReply, enhancedStatus, formatReply } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { composeDsn, readDsn } from '@posthouse/dsn';
import type { RecipientFate } from '@posthouse/dsn';
import { ALICE, AT, reportOf } from './reports.ts';

const address = stringMatching(/^[a-z0-9é日]{1,12}@[a-z]{1,8}\.test$/).map(mailbox);
const host = stringMatching(/^[a-z]{1,10}\.test$/).map((name) => ({ name }));
const seconds = integer({ min: 0, max: 1_000_000 }).map((after) => AT + after * 1_000);
const words = stringMatching(
  /^[A-Za-z0-9<>@:;,.=?+-]{1,30}( {1,2}[A-Za-z0-9<>@:;,.=?+-]{1,30}){0,12}$/,
);

const reply = record({
  detail: integer({ min: 0, max: 30 }),
  lines: array(words, { minLength: 1, maxLength: 4 }),
}).map(({ detail, lines }) => createReply(550, enhancedStatus(5, 7, detail), ...lines));

const failed = record({ reply, host, detail: integer({ min: 0, max: 30 }) }).map(
  (spoken): RecipientOutcome => ({
    kind: 'failed',
    status: enhancedStatus(5, 7, spoken.detail),
    reply: spoken.reply,
    host: spoken.host,
    reason: 'refused',
    proof: 'peer-reply',
  }),
);

const fates = array(
  record({ forwardPath: address, outcome: failed, lastAttemptAt: seconds }).map(
    (fate): RecipientFate => ({ ...fate, params: {} }),
  ),
  { minLength: 1, maxLength: 5 },
);

const body = uint8Array({ maxLength: 200 }).map((octets) =>
  Buffer.from(octets)
    .toString('latin1')
    .replace(/[\u0000\r\n]/g, '\r\n'),
);

test('what is composed is read', async () => {
  await assert(
    asyncProperty(
      fates,
      body,
      constantFrom(true, false),
      option(words),
      async (told, text, smtpUtf8, subject) => {
        const content = Buffer.from(
          `Subject: ${subject ?? ''}\r\nMessage-ID: <a@b.test>\r\n\r\n${text}`,
          'latin1',
        );
        const report = await reportOf({
          notification: { kind: 'failure', to: ALICE, audience: 'author', fates: told },
          params: smtpUtf8 ? { smtpUtf8 } : {},
          content,
        });
        const read = await readDsn((await composeDsn(report)).bytes);
        expect(read).toMatchObject({
          reportingMta: { type: 'dns', value: 'relay.test' },
          arrivedAt: AT,
          recipients: told.map((fate) => ({
            finalRecipient: { value: `${fate.forwardPath.localPart}@${fate.forwardPath.domain}` },
            action: 'failed',
            status: fate.outcome.status,
            remoteMta: { value: 'host' in fate.outcome ? fate.outcome.host?.name : undefined },
            diagnosticCode: {
              type: 'smtp',
              value:
                'reply' in fate.outcome && fate.outcome.reply !== undefined
                  ? formatReply(fate.outcome.reply).join(' ')
                  : undefined,
            },
            lastAttemptAt: fate.lastAttemptAt,
          })),
          returned: { kind: 'message', messageId: '<a@b.test>' },
        });
        expect(read?.returned?.bytes.equals(content)).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});
