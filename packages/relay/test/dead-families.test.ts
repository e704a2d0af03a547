import { outcomeOfError, refuse } from '@posthouse/mail';
import type { RecipientOutcome } from '@posthouse/mail';
import { createManualClock, domain } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { DeadFamilies } from '../src/dead-families.ts';
import type { NextHost } from '../src/next-hosts.ts';

const UNREACHED: RecipientOutcome = outcomeOfError(
  refuse('next-hop-unreachable', { scope: 'host' }),
);
const REFUSED: RecipientOutcome = outcomeOfError(refuse('next-hop-refused', { scope: 'host' }));

function host(address: string): NextHost {
  const foundFor = { domain: domain('example.test'), isSigned: false };
  return { name: 'mx.example.test', endpoint: { host: address, port: 25 }, foundFor };
}
const SIX = ['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(host);
const FOUR = ['192.0.2.1', '192.0.2.2'].map(host);
const BOTH = [...SIX.slice(0, 1), ...FOUR.slice(0, 1), ...SIX.slice(1)];

function start() {
  const clock = createManualClock();
  const families = new DeadFamilies(clock);
  const fail = (...hosts: readonly NextHost[]): void => {
    for (const each of hosts) families.learn(each, [UNREACHED]);
  };
  const order = (hosts: readonly NextHost[] = BOTH): readonly NextHost[] => families.inOrder(hosts);
  return { clock, families, fail, order };
}
const LAST = [...FOUR.slice(0, 1), ...SIX];

describe('a family of addresses', () => {
  it('goes last after two of its hosts could not be reached', () => {
    const { fail, order } = start();
    fail(...SIX.slice(0, 1));
    expect(order()).toEqual(BOTH);
    fail(...SIX.slice(1, 2));
    expect(order()).toEqual(LAST);
  });

  it('is not judged by one host, however often that is down', () => {
    const { fail, order } = start();
    for (let times = 0; times < 5; times++) fail(...SIX.slice(0, 1));
    expect(order()).toEqual(BOTH);
  });

  it('is alive as soon as a host of it speaks, whatever it says', () => {
    const { fail, families, order } = start();
    fail(...SIX);
    families.learn(host('2001:db8::9'), [REFUSED]);
    expect(order()).toEqual(BOTH);
  });

  it('is tried in its order again after a while', async () => {
    const { clock, fail, order } = start();
    fail(...SIX);
    await clock.advance(600_000);
    expect(order()).toEqual(BOTH);
  });

  it('changes nothing where the other is dead, too, or the configuration names the hosts', () => {
    const { fail, order } = start();
    fail(...SIX, ...FOUR);
    expect(order()).toEqual(BOTH);
    const named = ['2001:db8::1', '192.0.2.1'].map((address): NextHost => ({
      name: address,
      endpoint: { host: address, port: 25 },
    }));
    const again = start();
    again.fail(...SIX);
    expect(again.order(named)).toEqual(named);
  });
});
