import { expect, it } from 'vitest';
import { startInOrder, stopInReverse } from '@posthouse/mail';
import type { Startable } from '@posthouse/mail';

function part(
  name: string,
  log: string[],
  fails: Partial<Record<'start' | 'stop', true>> = {},
): Startable {
  const step = (verb: 'start' | 'stop') => async (): Promise<void> => {
    log.push(`${verb} ${name}`);
    if (fails[verb]) throw new Error(`${verb} ${name} failed`);
  };
  return { start: step('start'), stop: step('stop') };
}

it('starts in order and stops in reverse', async () => {
  const log: string[] = [];
  const parts = [part('store', log), part('listener', log)];
  await startInOrder(parts);
  await stopInReverse(parts);
  expect(log).toEqual(['start store', 'start listener', 'stop listener', 'stop store']);
});

it('stops what had started when one part fails to start, and throws its failure', async () => {
  const log: string[] = [];
  const parts = [part('store', log), part('queue', log, { start: true }), part('listener', log)];
  await expect(startInOrder(parts)).rejects.toThrow('start queue failed');
  expect(log).toEqual(['start store', 'start queue', 'stop store']);
});

it('stops the rest when one part fails to stop', async () => {
  const log: string[] = [];
  await expect(
    stopInReverse([part('store', log), part('listener', log, { stop: true })]),
  ).rejects.toThrow(AggregateError);
  expect(log).toEqual(['stop listener', 'stop store']);
});
