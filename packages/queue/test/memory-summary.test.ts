import { expect, test } from 'vitest';
import { Shelves } from '../src/memory/shelves.ts';
import { summarize } from '../src/memory/summary.ts';
import { NOW, sampleMessage } from '../src/testing/sample-messages.ts';

test('the report of a memory store counts however many recipients of one domain', () => {
  const { message, recipients } = sampleMessage({ recipients: ['bob@a.test'] });
  const [bob] = recipients;
  if (bob === undefined) throw new TypeError('there is one');
  const many = Array.from({ length: 150_000 }, (_, index) => ({ ...bob, index }));
  const shelves = new Shelves();
  shelves.put({ ...message, digest: '' }, new Uint8Array(), many);
  expect(summarize(shelves, NOW)).toMatchObject([{ domain: 'a.test', recipients: 150_000 }]);
});
