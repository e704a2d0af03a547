import { NULL_PATH } from '@posthouse/mail';
import type { Rate } from '@posthouse/mail';
import { findProvider } from '@posthouse/providers';
import { domain, mailbox } from '@posthouse/testkit';
import { describe, expect, it } from 'vitest';
import { createPaceRules, limitsOfHost } from '../src/pace.ts';
import type { HostRoute, OutboundRoute, RouteHost } from '../src/route.ts';
import { siteOfHosts, Sites } from '../src/sites.ts';

const DAY_MS = 86_400_000;
const daily = (count: number): Rate => ({ of: 'messages', count, perMs: DAY_MS });
const hostAt = (provider: string, user: string, more: Partial<RouteHost> = {}): RouteHost => ({
  endpoint: { host: 'smtp.test', port: 587 },
  tls: { mode: 'required', verify: true },
  authentication: { user, password: () => 'secret' },
  provider: findProvider(provider) ?? expect.unreachable(),
  ...more,
});
const routeTo = (...hosts: readonly RouteHost[]): HostRoute => ({
  kind: 'hosts',
  name: 'outbound',
  hosts,
});
const tableOf = (outbound: OutboundRoute) => ({
  routes: new Map<string, OutboundRoute>(),
  accountRoutes: new Map<string, OutboundRoute>(),
  senderRoutes: new Map<string, OutboundRoute>(),
  outbound,
});

describe('the limits of a host', () => {
  it('are what its provider documents, and each number that is set in its place', () => {
    const limits = limitsOfHost(
      hostAt('gmail', 'me@example.com', { limits: { rates: [daily(100)], maxConnections: 2 } }),
    );
    expect(limits).toMatchObject({ maxConnections: 2, maxRecipients: 100 });
    expect(limits.rates).toEqual([daily(100), { of: 'recipients', count: 3000, perMs: DAY_MS }]);
  });

  it('are the tightest of a route with several', () => {
    const route = routeTo(hostAt('microsoft365', 'a@b.test'), hostAt('gmail', 'me@example.com'));
    const rules = createPaceRules(tableOf(route));
    const site = siteOfHosts(route);
    expect(site).toBe('hosts:outbound');
    expect(rules.limitsOfSite(site)).toEqual({ maxAttempts: 3 });
    expect(rules.ratesOf(site)).toEqual([
      { of: 'messages', count: 30, perMs: 60_000 },
      { of: 'recipients', count: 3000, perMs: DAY_MS },
      daily(2000),
    ]);
    expect(rules.maxRecipientsOf(site)).toBe(100);
  });
});

describe('what a message draws on', () => {
  const rules = createPaceRules(tableOf({ kind: 'mx' }), {
    eachAccount: [daily(10)],
    accounts: { 'news@own.test': [] },
    tenants: { 'own.test': [daily(50)] },
    sites: { google: { rates: [daily(5)], maxConnections: 2 }, 'slow.test': { rates: [daily(1)] } },
  });

  it.each([
    [
      'an account and its tenant',
      { reversePath: mailbox('x@any.test'), account: 'a@own.test' },
      ['account a@own.test', 'tenant own.test'],
    ],
    [
      'an account that is free',
      { reversePath: mailbox('x@any.test'), account: 'news@own.test' },
      ['tenant own.test'],
    ],
    ['a sender who did not log in', { reversePath: mailbox('x@own.test') }, ['tenant own.test']],
    ['a sender of another domain', { reversePath: mailbox('x@any.test') }, []],
    ['nobody', { reversePath: NULL_PATH }, []],
  ])('%s', (_, sender, keys) => {
    expect(rules.allowancesOf(sender)).toEqual(keys);
  });

  it('has the rates that are set', () => {
    expect(rules.ratesOf('account a@own.test')).toEqual([daily(10)]);
    expect(rules.ratesOf('tenant own.test')).toEqual([daily(50)]);
    expect(rules.ratesOf('google')).toEqual([daily(5)]);
    expect(rules.limitsOfSite('google')).toEqual({ maxAttempts: 2 });
    expect(rules.ratesOf('mx:slow.test')).toEqual([daily(1)]);
    expect(rules.ratesOf('account __proto__')).toEqual([daily(10)]);
    expect(rules.ratesOf('mx:other.test')).toEqual([]);
  });
});

describe('the site of a domain', () => {
  const sites = new Sites();
  const of = (name: string): string => sites.of({ kind: 'mx', domain: domain(name) });

  it('is that of its provider, known or found out', () => {
    expect(of('gmail.com')).toBe('google');
    expect(of('example.com')).toBe('mx:example.com');
    sites.learn(domain('example.com'), ['alt1.aspmx.l.google.com', 'aspmx.l.google.com']);
    expect(of('example.com')).toBe('google');
  });

  it('is the set of its hosts else, whatever their order, and itself where it is its own host', () => {
    sites.learn(domain('a.test'), ['mx2.host.test', 'mx1.host.test']);
    sites.learn(domain('b.test'), ['mx1.host.test', 'mx2.host.test']);
    expect(of('a.test')).toBe('mx:mx1.host.test,mx2.host.test');
    expect(of('b.test')).toBe(of('a.test'));
    sites.learn(domain('c.test'), ['c.test']);
    expect(of('c.test')).toBe('mx:c.test');
  });

  it('is found anew when its hosts change, and remembered for so many domains only', () => {
    sites.learn(domain('b.test'), ['mx9.host.test']);
    expect(of('b.test')).toBe('mx:mx9.host.test');
    for (let n = 0; n < 20_001; n++) sites.learn(domain(`d${n}.test`), ['mx1.host.test']);
    expect(of('a.test')).toBe('mx:a.test');
  });

  it('is the provider with the login, for a smarthost', () => {
    expect(siteOfHosts(routeTo(hostAt('gmail', 'me@gmail.com')))).toBe('Gmail me@gmail.com');
  });
});
