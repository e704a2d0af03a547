/** Where mail goes and how: next hops, routes, providers, limits and TLS of what goes out. */
import { describe, expect, test } from 'vitest';
import { BASE, configured } from './reading.ts';

describe('next hops and routes', () => {
  test('a next hop takes the safest TLS that works, and a secret by its place', () => {
    const { submission, relay } = configured(`
      [submission.next_hop]
      socket = "relay.sock"
      user = "submission"
      password_env = "RELAY_PASSWORD"
      [relay]
      outbound = "relayhost"
      delivery = { host = "10.0.0.7", port = 2424, tls = "required", verify = false, ca_file = "ca.pem" }
      [[relay.relayhost]]
      host = "smtp.example.com"
      port = 465
      [[relay.relayhost]]
      host = "smtp.example.net"
      port = 587
      user = "me"
      password_file = "secrets/smtp"`);
    expect(submission.nextHop).toEqual({
      endpoint: { path: `${BASE}/relay.sock` },
      tls: 'opportunistic',
      verify: false,
      credentials: {
        user: 'submission',
        password: { kind: 'environment', name: 'RELAY_PASSWORD' },
        allowWithoutTls: true,
      },
    });
    expect(relay.delivery).toEqual({
      endpoint: { host: '10.0.0.7', port: 2424 },
      tls: 'required',
      verify: false,
      caFile: `${BASE}/ca.pem`,
    });
    expect(relay.outbound).toEqual({
      kind: 'next-hops',
      hops: [
        { endpoint: { host: 'smtp.example.com', port: 465 }, tls: 'implicit', verify: true },
        {
          endpoint: { host: 'smtp.example.net', port: 587 },
          tls: 'required',
          verify: true,
          credentials: {
            user: 'me',
            password: { kind: 'file', path: `${BASE}/secrets/smtp` },
            allowWithoutTls: false,
          },
        },
      ],
    });
  });

  test('authorities to believe are those of the next hop, or of all', () => {
    const { tls, submission, relay } = configured(`
      tls.ca_file = "all.pem"
      submission.next_hop = { host = "a.test", port = 25 }
      relay.delivery = { host = "a.test", port = 24, ca_file = "own.pem" }`);
    expect(tls.caFile).toBe(`${BASE}/all.pem`);
    expect(submission.nextHop?.caFile).toBe(`${BASE}/all.pem`);
    expect(relay.delivery?.caFile).toBe(`${BASE}/own.pem`);
  });

  test('routes are named or next hops of their own', () => {
    const { outbound, routes } = configured(`
      [relay]
      outbound = "sink"
      sink = "alice@posthouse.test"
      relayhost = { host = "a.test", port = 25 }
      [relay.routes]
      "*.Example.com" = "mx"
      "b.test" = "relayhost"
      "c.test" = { host = "c.test", port = 25, tls = "off" }
      "d.test" = "off"`).relay;
    const hop = (host: string, tls: string): unknown => ({
      kind: 'next-hops',
      hops: [{ endpoint: { host, port: 25 }, tls, verify: false }],
    });
    expect(outbound).toEqual({ kind: 'sink', address: 'alice@posthouse.test' });
    expect(routes).toEqual({
      '*.example.com': { kind: 'mx' },
      'b.test': hop('a.test', 'opportunistic'),
      'c.test': hop('c.test', 'off'),
      'd.test': { kind: 'off' },
    });
  });

  test('routes by account and sender, each with its source addresses', () => {
    const { accountRoutes, outbound, senderRoutes } = configured(`
      [relay]
      outbound = "mx"
      source_addresses = ["192.0.2.1", "2001:db8::1"]
      [relay.account_routes]
      "News@Posthouse.TEST" = { mx = true, source_addresses = ["192.0.2.2"] }
      [relay.sender_routes]
      "*.shop.test" = [{ host = "a.test", port = 25 }, { host = "b.test", port = 25, source_addresses = ["2001:db8::3"] }]`).relay;
    const source = { v4: '192.0.2.1', v6: '2001:db8::1' };
    expect(outbound).toEqual({ kind: 'mx', source });
    expect(accountRoutes).toEqual({
      'News@posthouse.test': { kind: 'mx', source: { v4: '192.0.2.2' } },
    });
    expect(senderRoutes['*.shop.test']).toMatchObject({
      hops: [{ source }, { source: { v6: '2001:db8::3' } }],
    });
  });

  test('providers bring host, port, TLS and the convention of their logins', () => {
    const { routes } = configured(`
      [relay.routes]
      "a.test" = { provider = "gmail", user = "me@gmail.com", password_file = "s" }
      "b.test" = { provider = "SES", region = "eu-west-1", user = "AK", password_env = "S" }
      "c.test" = { provider = "sendgrid", password_file = "s" }
      "d.test" = { provider = "postmark", password_file = "s", port = 587 }
      "e.test" = { provider = "gmail", host = "smtp-relay.gmail.com", port = 587, tls = "required" }`).relay;
    const hopTo = (domain: string) => {
      const route = routes[domain];
      return route?.kind === 'next-hops' ? route.hops[0] : undefined;
    };
    expect(hopTo('a.test')).toMatchObject({
      provider: 'Gmail',
      endpoint: { host: 'smtp.gmail.com', port: 465 },
      tls: 'implicit',
      verify: true,
      credentials: { user: 'me@gmail.com' },
    });
    expect(hopTo('b.test')?.endpoint).toEqual({
      host: 'email-smtp.eu-west-1.amazonaws.com',
      port: 465,
    });
    expect(hopTo('c.test')?.credentials?.user).toBe('apikey');
    expect(hopTo('d.test')).toMatchObject({ endpoint: { port: 587 }, tls: 'required' });
    expect(hopTo('d.test')?.credentials).not.toHaveProperty('user');
    expect(hopTo('e.test')).toMatchObject({
      provider: 'Gmail',
      endpoint: { host: 'smtp-relay.gmail.com', port: 587 },
      tls: 'required',
    });
  });

  test('access tokens, by a command or from the endpoint of the provider', () => {
    const { routes } = configured(`
      [relay.routes]
      "a.test" = { provider = "microsoft365", user = "me@a.test", token = { client_id = "c", refresh_token_file = "r" } }
      "b.test" = { host = "b.test", port = 587, user = "me", token = { command = ["token", "me"], timeout = "5s" } }`).relay;
    const hopTo = (domain: string) => {
      const route = routes[domain];
      return route?.kind === 'next-hops' ? route.hops[0] : undefined;
    };
    expect(hopTo('a.test')?.credentials).toEqual({
      user: 'me@a.test',
      token: {
        kind: 'endpoint',
        url: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
        clientId: 'c',
        refreshToken: { kind: 'file', path: `${BASE}/r` },
        scope: 'https://outlook.office.com/SMTP.Send offline_access',
        timeoutMs: 30_000,
      },
      allowWithoutTls: false,
    });
    expect(hopTo('b.test')).toMatchObject({
      tls: 'required',
      credentials: { token: { kind: 'command', command: ['token', 'me'], timeoutMs: 5000 } },
    });
  });

  test('limits of what goes out, by host, account, tenant and site', () => {
    const { outbound, sendingLimits } = configured(`
      [relay]
      outbound = "relayhost"
      relayhost = { provider = "ses", user = "u", password_file = "s", limits = { messages_per_second = 14, connections = 4, messages_per_connection = 50, recipients_per_message = 20 } }
      [relay.sending_limits]
      each_account = { messages_per_hour = 100, recipients_per_day = 500 }
      accounts = { "news@posthouse.test" = { messages_per_minute = 10 } }
      tenants = { "shop.test" = { messages_per_day = 1000 } }
      sites = { google = { connections = 5 }, "slow.test" = { messages_per_minute = 1 } }`).relay;
    expect(outbound).toMatchObject({
      hops: [
        {
          limits: {
            rates: [{ of: 'messages', count: 14, perMs: 1000 }],
            maxConnections: 4,
            maxMessagesPerConnection: 50,
            maxRecipients: 20,
          },
        },
      ],
    });
    expect(sendingLimits).toMatchObject({
      eachAccount: [
        { of: 'messages', count: 100, perMs: 3_600_000 },
        { of: 'recipients', count: 500, perMs: 86_400_000 },
      ],
      accounts: { 'news@posthouse.test': [{ of: 'messages', count: 10, perMs: 60_000 }] },
      tenants: { 'shop.test': [{ of: 'messages', count: 1000, perMs: 86_400_000 }] },
      sites: {
        google: { rates: [], maxConnections: 5 },
        'slow.test': { rates: [{ of: 'messages', count: 1, perMs: 60_000 }] },
      },
    });
  });
});

describe('rules of TLS by destination', () => {
  const rules = (text: string) => configured(`[relay.tls.rules]\n${text}`).relay.tls.rules;

  test('are a word, or a word with names', () => {
    expect(
      rules('"Example.com" = "encrypt"\n"*.a.test" = { level = "verify", names = ["*.b.test"] }'),
    ).toEqual({
      'example.com': { level: 'encrypt' },
      '*.a.test': { level: 'verify', names: ['*.b.test'] },
    });
  });
});

test('TLS reports come from an address, in the name of its domain', () => {
  expect(configured('').relay.tls.reports).toBeUndefined();
  expect(configured('relay.tls.reports = { from = "tls@Example.com" }').relay.tls.reports).toEqual({
    from: 'tls@example.com',
    organization: 'example.com',
  });
});
