import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DnsError } from '@posthouse/dns';
import type { Answer } from '@posthouse/dns';
import { silentLogger } from '@posthouse/mail';
import { createManualClock } from '@posthouse/testkit';
import type { ManualClock } from '@posthouse/testkit';
import { matchesHost } from '../src/host-name.ts';
import { StsFetchError } from '../src/mta-sts/fetch.ts';
import type { StsFinding } from '../src/mta-sts/finding.ts';
import { StsPolicies } from '../src/mta-sts/policies.ts';
import { PolicyCache } from '../src/mta-sts/policy-cache.ts';
import { readStsPolicy } from '../src/mta-sts/policy-text.ts';
import { readStsId } from '../src/mta-sts/record.ts';

const DAY_MS = 24 * 3_600_000;

describe('the record', () => {
  it.each([
    [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
    [['v=STSv1;id=1'], '1'],
    [['other', 'v=STSv1 ; id = a1 ; more=x'], 'a1'],
    [[], undefined],
    [['v=STSv1; id=1', 'v=STSv1; id=2'], undefined],
    [['v=STSv2; id=1'], undefined],
    [['v=STSv1'], undefined],
    [['v=STSv1; id=no-dash'], undefined],
    [['id=1; v=STSv1;'], undefined],
    [[`v=STSv1; id=${'x'.repeat(33)}`], undefined],
  ])('%j says %s', (texts, id) => {
    expect(readStsId(texts)).toBe(id);
  });
});

const POLICY = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.test\r\nmax_age: 86400\r\n';

describe('the text of a policy', () => {
  it('is read, with either line end, unknown fields and white space', () => {
    const text =
      'version: STSv1\nmx: *.Example.test \nx-more: y\nmode:testing\nmax_age: 100\nmx: a.test.';
    expect(readStsPolicy(text)).toEqual({
      kind: 'policy',
      policy: { mode: 'testing', mx: ['*.example.test', 'a.test'], maxAgeMs: 100_000 },
    });
  });

  it('lasts a year at most', () => {
    expect(readStsPolicy(POLICY.replace('86400', '9999999999'))).toMatchObject({
      policy: { maxAgeMs: 31_557_600_000 },
    });
  });

  it('needs no host where it withdraws a policy', () => {
    const text = 'version: STSv1\nmode: none\nmax_age: 1';
    expect(readStsPolicy(text)).toMatchObject({ policy: { mode: 'none', mx: [] } });
  });

  it.each([
    ['STSv1', 'STSv2'],
    ['enforce', 'obey'],
    ['86400', '-1'],
    ['mx: mx.example.test\r\n', ''],
    ['mx.example.test', '*'],
    ['mx.example.test', 'mx.*.test'],
    ['max_age', 'age'],
  ])('is invalid with %j as %j', (good, bad) => {
    expect(readStsPolicy(POLICY.replace(good, bad))).toMatchObject({ kind: 'invalid' });
  });

  it('is never more than a reading', () => {
    fc.assert(
      fc.property(fc.string(), (text) => ['invalid', 'policy'].includes(readStsPolicy(text).kind)),
    );
  });
});

describe('a pattern', () => {
  it.each([
    ['mx.example.test', 'MX.example.test.', true],
    ['*.example.test', 'mx.example.test', true],
    ['*.example.test', 'example.test', false],
    ['*.example.test', 'a.mx.example.test', false],
    ['example.test', 'mx.example.test', false],
  ])('%s for %s: %s', (pattern, host, matches) => {
    expect(matchesHost(pattern, host)).toBe(matches);
  });
});

/** Stands for a DNS that does not answer. */
const TROUBLE = 'trouble';

interface World {
  readonly clock: ManualClock;
  readonly policies: StsPolicies;
  readonly cache: PolicyCache;
  /** What the DNS says: the id, nothing, or `TROUBLE`. */
  id: string | undefined;
  /** What the policy host says. */
  text: string | StsFetchError;
  fetches: number;
  find(): Promise<StsFinding>;
}

async function begin(world: Partial<Pick<World, 'id' | 'text'>> = {}): Promise<World> {
  const clock = createManualClock();
  const cache = new PolicyCache();
  const policies = new StsPolicies({
    clock,
    cache,
    logger: silentLogger,
    resolver: {
      async txt(name): Promise<Answer<string>> {
        if (made.id === TROUBLE) throw new DnsError('timeout', 'nobody answers');
        const fact = { name, secure: false };
        if (made.id === undefined) return { ...fact, kind: 'no-such-domain' };
        return { ...fact, kind: 'records', records: [`v=STSv1; id=${made.id};`], unusable: [] };
      },
    },
    async fetch() {
      made.fetches += 1;
      if (typeof made.text === 'string') return made.text;
      throw made.text;
    },
  });
  const made: World = {
    clock,
    policies,
    cache,
    id: '1',
    text: POLICY,
    fetches: 0,
    find: () => policies.find('example.test'),
    ...world,
  };
  await policies.start();
  onTestFinished(() => policies.stop());
  return made;
}

const BROKEN = new StsFetchError('sts-webpki-invalid', 'no');

describe('the policy of a domain', () => {
  it('is fetched once, and again for another id', async () => {
    const world = await begin();
    await Promise.all([world.find(), world.find()]);
    await world.find();
    expect(world.fetches).toBe(1);
    world.id = '2';
    world.text = POLICY.replace('enforce', 'testing');
    expect(await world.find()).toMatchObject({ policy: { id: '2', mode: 'testing' } });
    expect(world.fetches).toBe(2);
  });

  it('is none where none is announced', async () => {
    const world = await begin({ id: undefined });
    expect(await world.find()).toEqual({ kind: 'none' });
    expect(world.fetches).toBe(0);
  });

  it.each<[string, Partial<World>]>([
    ['the record is gone', { id: undefined }],
    ['the DNS is silent', { id: TROUBLE }],
    ['a new policy cannot be fetched', { id: '2', text: BROKEN }],
    ['a new policy makes no sense', { id: '2', text: 'version: 7' }],
  ])('outlives that %s, until its time is over', async (_, change) => {
    const world = await begin();
    await world.find();
    Object.assign(world, change);
    expect(await world.find()).toMatchObject({ kind: 'policy', policy: { id: '1' } });
    await world.clock.advance(DAY_MS + 1);
    expect((await world.find()).kind).not.toBe('policy');
  });

  it('that cannot be had is told, and not asked for again at once', async () => {
    const world = await begin({ text: BROKEN });
    const failed = { kind: 'failed', fault: 'sts-webpki-invalid' };
    expect(await world.find()).toMatchObject(failed);
    expect(await world.find()).toMatchObject(failed);
    expect(world.fetches).toBe(1);
    await world.clock.advance(5 * 60_000);
    world.text = POLICY;
    expect(await world.find()).toMatchObject({ kind: 'policy' });
  });

  it('is waited for no longer than the caller wants, and remembered all the same', async () => {
    const world = await begin();
    const giving = new AbortController();
    const asked = world.policies.find('example.test', giving.signal);
    giving.abort(new Error('given up'));
    await expect(asked).rejects.toThrow('given up');
    expect(await world.find()).toMatchObject({ kind: 'policy' });
    expect(world.fetches).toBeLessThan(2);
  });

  it('is fetched again each day, though nobody asks', async () => {
    const world = await begin({ text: POLICY.replace('86400', '864000') });
    await world.find();
    await world.clock.advance(30 * 3_600_000);
    expect(world.fetches).toBe(2);
    const [found] = [world.cache.get('example.test', world.clock.now())];
    expect(found?.fetchedAt).toBeGreaterThan(Date.UTC(2026, 0, 2));
  });

  it('is kept over a restart', async () => {
    const world = await begin();
    await world.find();
    const later = new PolicyCache();
    later.restore(JSON.parse(JSON.stringify(world.cache.snapshot())));
    expect(later.get('example.test', world.clock.now())).toMatchObject({
      id: '1',
      mode: 'enforce',
    });
  });
});

describe('the memory of policies', () => {
  it('takes nothing from a file that makes no sense', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const cache = new PolicyCache();
        cache.restore(value);
        return Object.keys(cache.snapshot() ?? {}).length === 0;
      }),
    );
  });

  it('is bounded, and forgets what was not asked for longest', () => {
    const cache = new PolicyCache(2);
    const policy = {
      id: '1',
      mode: 'enforce',
      mx: ['a.test'],
      maxAgeMs: 1000,
      fetchedAt: 0,
    } as const;
    cache.set('a.test', policy);
    cache.set('b.test', policy);
    cache.get('a.test', 0);
    cache.set('c.test', policy);
    expect(cache.get('b.test', 0)).toBeUndefined();
    expect(cache.get('a.test', 0)).toEqual(policy);
  });
});
