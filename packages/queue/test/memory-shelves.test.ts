import { expect, test } from 'vitest';
import { Shelves } from '../src/memory/shelves.ts';
import { NOW, sampleMessage } from '../src/testing/sample-messages.ts';

test('a memory store forgets a lane that has nothing in it when its rest is over', () => {
  const shelves = new Shelves();
  const { message, recipients } = sampleMessage({ recipients: ['bob@a.test', 'carol@b.test'] });
  shelves.put({ ...message, digest: '' }, new Uint8Array(), recipients);
  for (const lane of shelves.lanes.values()) lane.restUntil = NOW;
  const [bob] = recipients.map((recipient) => shelves.find(recipient));
  if (bob === undefined) throw new TypeError('there is one');
  shelves.remove(bob);
  shelves.forgetRested(NOW - 1);
  expect(shelves.lanes.size).toBe(2);
  shelves.forgetRested(NOW);
  expect([...shelves.lanes.values()].map((lane) => lane.recipients.size)).toEqual([1]);
});
