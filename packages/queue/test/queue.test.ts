import { describe, expect, it } from 'vitest';
import { DAY, eventKinds, HOUR, settle, startQueue, submit } from './queue-under-test.ts';

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

  it('is remembered for as long as the log is kept, and then forgotten', async () => {
    const { queue, store, clock, stop } = await startQueue({ eventRetentionMs: DAY });
    await submit(queue, { to: ['bob@example.test'] });
    await clock.advance(DAY - HOUR);
    expect(await eventKinds(store)).toEqual(['accepted', 'delivered']);
    await clock.advance(2 * HOUR);
    expect(await eventKinds(store)).toEqual([]);
    await stop();
  });
});
