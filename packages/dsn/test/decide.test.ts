import { describe, expect, test } from 'vitest';
import { NULL_PATH, enhancedStatus } from '@posthouse/mail';
import type { Notify, RecipientOutcome } from '@posthouse/mail';
import { mailbox } from '@posthouse/testkit';
import { decideNotifications } from '@posthouse/dsn';
import type { Expanded } from '@posthouse/dsn';
import {
  ALICE,
  DELAYED,
  DELIVERED,
  EXPANDED,
  FAILED,
  POSTMASTER,
  RELAYED,
  fate,
} from './reports.ts';

const ACCEPTED: RecipientOutcome = { kind: 'accepted', status: enhancedStatus(2, 0, 0) };
const RELAYED_WITH_DUTY: RecipientOutcome = { ...RELAYED, notifies: true };

const UNASKED = undefined;
const NEVER: Notify = 'never';
const ALL: Notify = ['success', 'failure', 'delay'];

test.for<[string, RecipientOutcome | Expanded, Notify | undefined, readonly string[]]>([
  ['a failure, unasked', FAILED, UNASKED, ['failure']],
  ['a failure, NOTIFY=FAILURE', FAILED, ['failure'], ['failure']],
  ['a failure, NOTIFY=NEVER', FAILED, NEVER, []],
  ['a failure, NOTIFY=SUCCESS', FAILED, ['success'], []],
  ['a failure, NOTIFY=SUCCESS,DELAY', FAILED, ['success', 'delay'], []],
  ['a delay, unasked', DELAYED, UNASKED, ['delay']],
  ['a delay, NOTIFY=DELAY', DELAYED, ['delay'], ['delay']],
  ['a delay, NOTIFY=FAILURE', DELAYED, ['failure'], []],
  ['a delay, NOTIFY=NEVER', DELAYED, NEVER, []],
  ['a delivery, unasked', DELIVERED, UNASKED, []],
  ['a delivery, NOTIFY=SUCCESS', DELIVERED, ['success'], ['success']],
  ['a delivery, NOTIFY=NEVER', DELIVERED, NEVER, []],
  ['an expansion, NOTIFY=SUCCESS', EXPANDED, ['success'], ['success']],
  ['an expansion, unasked', EXPANDED, UNASKED, []],
  ['relayed to a peer without DSN, NOTIFY=SUCCESS', RELAYED, ['success'], ['success']],
  ['relayed to a peer without DSN, unasked', RELAYED, UNASKED, []],
  ['relayed to a peer with DSN, everything asked', RELAYED_WITH_DUTY, ALL, []],
  ['accepted, everything asked', ACCEPTED, ALL, []],
])('%s', ([, outcome, notify, kinds]) => {
  const params = notify === undefined ? {} : { notify };
  const told = decideNotifications({ reversePath: ALICE }, [fate(outcome, { params })], {
    postmaster: POSTMASTER,
  });
  expect(told.map(({ kind, to, audience }) => ({ kind, to, audience }))).toEqual(
    kinds.map((kind) => ({ kind, to: ALICE, audience: 'author' })),
  );
  const nobody = decideNotifications({ reversePath: NULL_PATH }, [fate(outcome, { params })]);
  expect(nobody).toEqual([]);
});

test('news of one kind are told together, in their order', () => {
  const params = { notify: ALL };
  const fates = [
    fate(DELIVERED, { params }),
    fate(FAILED, { params }),
    fate(DELAYED, { params }),
    fate(RELAYED, { params }),
    fate(FAILED),
    fate(FAILED, { params: { notify: 'never' } }),
  ];
  expect(decideNotifications({ reversePath: ALICE }, fates)).toEqual([
    { kind: 'failure', to: ALICE, audience: 'author', fates: [fates[1], fates[4]] },
    { kind: 'delay', to: ALICE, audience: 'author', fates: [fates[2]] },
    { kind: 'success', to: ALICE, audience: 'author', fates: [fates[0], fates[3]] },
  ]);
});

test('nothing to tell', () => {
  expect(decideNotifications({ reversePath: ALICE }, [])).toEqual([]);
});

describe('a message without an author', () => {
  const decide = (...fates: Parameters<typeof fate>[0][]) =>
    decideNotifications(
      { reversePath: NULL_PATH },
      fates.map((outcome) => fate(outcome, { params: { notify: 'never' } })),
      { postmaster: POSTMASTER },
    );

  test('that fails is told to the postmaster, if there is one', () => {
    expect(decide(FAILED, DELAYED)).toMatchObject([
      { kind: 'failure', to: POSTMASTER, audience: 'postmaster', fates: [{ outcome: FAILED }] },
    ]);
  });

  test('that does not fail is told to nobody', () => {
    expect(decide(DELAYED, DELIVERED, RELAYED)).toEqual([]);
  });

  test('that was for the postmaster himself is told to nobody: it would never end', () => {
    const forwardPath = mailbox('Postmaster@RELAY.test');
    expect(
      decideNotifications({ reversePath: NULL_PATH }, [fate(FAILED, { forwardPath })], {
        postmaster: POSTMASTER,
      }),
    ).toEqual([]);
  });
});
