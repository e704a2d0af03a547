import { expect, test } from 'vitest';
import { createEventLog } from '../src/index.ts';

test('hands each event to one who waits for it, whoever came first', async () => {
  const log = createEventLog();
  log.logger.info({ event: 'delivered', recipient: 'bob' }, 'delivered');
  const later = log.next('delivered', { recipient: 'carol' });
  expect(await log.next('delivered')).toEqual({
    event: 'delivered',
    recipient: 'bob',
    level: 'info',
    msg: 'delivered',
  });
  log.logger.warn({ event: 'delivered', recipient: 'dave' }, 'delivered');
  log.logger.error({ event: 'delivered', recipient: 'carol' }, 'delivered');
  expect(await later).toMatchObject({ level: 'error', recipient: 'carol' });
  expect(await log.next('delivered')).toMatchObject({ recipient: 'dave' });
  expect(log.events).toHaveLength(3);
});

test('keeps what was told before its end', async () => {
  const log = createEventLog();
  const waiting = log.next('never');
  log.logger.debug({ event: 'ready' }, 'ready');
  log.end(new Error('it is over'));
  await expect(waiting).rejects.toThrow('it is over');
  expect(await log.next('ready')).toMatchObject({ level: 'debug' });
  await expect(log.next('ready')).rejects.toThrow('it is over');
});
