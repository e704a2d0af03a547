import { expect, it } from 'vitest';
import { domain } from '@posthouse/testkit';
import { resolveOptions } from '../src/options.ts';

const hostname = domain('mx.example.test');

it('names every number that makes no sense, at once', () => {
  const nonsense = {
    hostname,
    maxRecipients: 0,
    leaseMs: Number.NaN,
    concurrency: { maxAttempts: 0 },
    deliverFirstMs: -1,
    drainMs: Number.NaN,
    eventRetentionMs: -1,
    maxCachedContentBytes: -1,
    backPressure: {
      maxQueuedBytes: Number.NaN,
      maxQueuedMessages: -1,
      minFreeDiskBytes: -1,
      maxMemoryBytes: Number.NaN,
    },
    notifications: { delayAfterMs: -1, maxReturnedBytes: Number.NaN },
  };
  const sentences = [
    'maxRecipients must be at least 1',
    'leaseMs must be at least 1',
    'concurrency.maxAttempts must be at least 1',
    'deliverFirstMs must be at least 0',
    'drainMs must be at least 0',
    'eventRetentionMs must be at least 0',
    'maxCachedContentBytes must be at least 0',
    'backPressure.maxQueuedBytes must be at least 0',
    'backPressure.maxQueuedMessages must be at least 0',
    'backPressure.minFreeDiskBytes must be at least 0',
    'backPressure.maxMemoryBytes must be at least 0',
    'notifications.delayAfterMs must be at least 0',
    'notifications.maxReturnedBytes must be at least 0',
  ];
  expect(() => resolveOptions(nonsense)).toThrow(new RangeError(sentences.join('; ')));
});

it('takes 0 where it means none', () => {
  const none = { deliverFirstMs: 0, drainMs: 0, maxCachedContentBytes: 0 };
  expect(resolveOptions({ hostname, ...none })).toMatchObject(none);
});
