import { describe, expect, it } from 'vitest';
import { settle, startQueue, submit, eventKinds } from './queue-under-test.ts';

describe('a message on its way through', () => {
  it('is delivered from memory and leaves the queue', async () => {
    const { queue, store, clock, attempts, stop } = await startQueue();
    await submit(queue, { to: ['bob@example.test'] });
    await settle(clock);
    expect(attempts.map(({ addresses, repeat }) => ({ addresses, repeat }))).toEqual([
      { addresses: ['bob@example.test'], repeat: false },
    ]);
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
    expect(store.usage()).toEqual({ messages: 0, recipients: 0, contentBytes: 0 });
    await stop();
  });
});
