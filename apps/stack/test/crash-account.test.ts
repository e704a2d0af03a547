/** The crash suite must see a loss and a double where there is one. */
import { expect, test } from 'vitest';
import { accountMailboxes, accountPeer } from '../crash/account.ts';
import type { Lives } from '../crash/lives.ts';

const BOB = 'bob@example.test';

/** Two lives: killed at 100 and at 200. */
function lives(sent: Lives['sent'], ends: Lives['ends'] = []): Lives {
  return { sent, ends, killedAt: [100, 200], atSteps: 0 };
}

const promised = { id: 'a', recipients: [BOB], queueId: 'Q' };
const unpromised = { id: 'b', recipients: [BOB] };

test.each([
  ['what came once', { a: 1, b: 1 }, []],
  ['what came without a promise, or did not', { a: 1 }, []],
  ['a promise that was not kept', {}, [`lost: a (Q) for ${BOB}`]],
  ['a promise that was kept twice', { a: 2 }, [`2 copies: a (Q) for ${BOB}`]],
  ['what came twice without a promise', { a: 1, b: 2 }, [`2 copies: b (no 250) for ${BOB}`]],
])('in mailboxes: %s', (_, copies, breaches) => {
  const found = new Map([[BOB, new Map(Object.entries(copies))]]);
  expect(accountMailboxes(lives([promised, unpromised]), found).breaches).toEqual(breaches);
});

test.each([
  ['what came once', [0], []],
  ['what came again after a kill, before its end was committed', [0, 1], []],
  ['what did not come', [], ['lost: a (Q)']],
  ['what came twice within one life', [1, 1], ['twice within one life: a in 1, 1']],
  [
    'what came again after its end was committed',
    [1, 2],
    ['again after its end was committed in life 1: a in 1, 2'],
  ],
])('at another host: %s', (_, inLives, breaches) => {
  const end = { message: 'Q', recipient: BOB, kind: 'relayed', at: 150 };
  const taken = inLives.map((life) => ({ id: 'a', life }));
  expect(accountPeer(lives([promised], [end]), taken).breaches).toEqual(breaches);
});
