import { describe, expect, it } from 'vitest';
import { openLink, startThread } from '../../src/sqlite/thread-link.ts';

const OPTIONS = {
  settings: { directory: '', synced: false, path: '' },
  lost: 'unavailable',
} as const;
const LOST = {
  name: 'StoreError',
  kind: 'unavailable',
  cause: { code: 'MODULE_NOT_FOUND' },
};

describe('a thread that fails', () => {
  it('before it is told what to open harms nobody, and its opening says so', async () => {
    const thread = startThread('no-such-thread');
    await thread.lost;
    await expect(openLink(thread, OPTIONS)).rejects.toMatchObject(LOST);
  });

  it('while it opens has its opening fail as the store fails', async () => {
    await expect(openLink(startThread('no-such-thread'), OPTIONS)).rejects.toMatchObject(LOST);
  });
});
