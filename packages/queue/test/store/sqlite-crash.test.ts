/**
 * A process that is killed while it accepts and concludes as fast as it can: nothing that it was
 * told is done is undone, and what it was not told is whole or not there at all.
 */
import { expect, it } from 'vitest';
import { expectAccountOf, Load } from './load.ts';
import { usingDirectory } from './store-directory.ts';

const KILLS = 6;

it('keeps every promise through kills at any moment', { timeout: 240_000 }, () =>
  usingDirectory(async (at) => {
    let fates: Load['fates'] = new Map();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const load = new Load(at.path, { callers: 1 + kill * 4, fates });
      const moment = Math.floor(Math.random() ** 2 * 1500);
      if (moment > 0) await load.line(/./, moment);
      await load.kill();
      expect(load.complaints).toBe('');
      fates = load.fates;
      const swept = at.logged('queue-orphans-removed');
      const store = await at.open();
      await swept;
      await expectAccountOf(store, fates);
      expect(at.reports).toEqual([]);
      const large = await store.list({}, { limit: 1_000_000 });
      const files = large.filter(({ message }) => message.sizeBytes > 131_072).length;
      expect(await at.files('content')).toHaveLength(files);
      expect(await at.files('staging')).toEqual([]);
      await store.stop();
    }
    expect([...fates.values()].some((fate) => fate.concluded)).toBe(true);
  }),
);

it('belongs to one process at a time, until that is dead', { timeout: 60_000 }, () =>
  usingDirectory(async (at) => {
    const load = new Load(at.path);
    await load.line(/^ready/);
    await expect(at.open()).rejects.toMatchObject({ kind: 'in-use' });
    await load.line(/^accepted/);
    await load.kill();
    const store = await at.open();
    await expectAccountOf(store, load.fates);
  }),
);
