/** Whose an adopted file is while it is accepted. */
import { StoreError } from '@posthouse/queue';
import type { NewMessage } from '@posthouse/queue';
import { expect, it } from 'vitest';
import { StagedNames } from '../../src/sqlite/staged-names.ts';
import { sampleMessage } from '../../src/testing/sample-messages.ts';

const NAME = 'mark-1';

function large(): readonly NewMessage[] {
  const pointer = { kind: 'adopted', name: NAME, digest: 'd'.repeat(64) } as const;
  const content = { pointer, sizeBytes: 300_000, release: () => undefined };
  return [sampleMessage({ recipients: ['bob@a.test'], content })];
}

function failing(kind: StoreError['kind']): () => Promise<never> {
  return () => Promise.reject(new StoreError(kind, kind));
}

it("a file is nobody's again after an accept that failed for certain", async () => {
  const staged = new StagedNames();
  staged.add(NAME);
  await expect(staged.handOver(large(), failing('full'))).rejects.toMatchObject({ kind: 'full' });
  expect(staged.delete(NAME)).toBe(true);
});

it('a file stays where a message may have it, however a second accept of it fails', async () => {
  const staged = new StagedNames();
  staged.add(NAME);
  for (const kind of ['in-doubt', 'unavailable', 'full'] as const) {
    await expect(staged.handOver(large(), failing(kind))).rejects.toMatchObject({ kind });
    expect(staged.delete(NAME)).toBe(false);
  }
  expect(await staged.handOver(large(), async () => 'done')).toBe('done');
  expect(staged.delete(NAME)).toBe(false);
});
