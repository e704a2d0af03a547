/** What a file means: its defaults, and the forms in which things are written. */
import { describe, expect, test } from 'vitest';
import { BASE, configured } from './reading.ts';

describe('an empty file', () => {
  test('is a local stack with mail to the outside off', () => {
    expect(configured('')).toEqual({
      server: { hostname: 'localhost', stateDirectory: `${BASE}/var`, drainMs: 10_000 },
      log: { level: 'info', format: 'auto' },
      tls: {},
      dns: { timeoutMs: 5000, trustAuthenticData: 'loopback' },
      directory: {
        domains: ['posthouse.test'],
        aliases: {},
        catchAll: {},
        accountsFile: `${BASE}/var/accounts`,
        plusSeparator: '+',
        quotas: {},
      },
      submission: {
        listen: { host: '127.0.0.1', port: 2587 },
        listenTls: { host: '127.0.0.1', port: 2465 },
        limits: {
          maxMessageBytes: 35_000_000,
          maxRecipients: 1000,
          maxConnections: 1000,
          maxConnectionsPerPeer: 200,
        },
      },
      relay: {
        listen: { host: '127.0.0.1', port: 2525 },
        trustedNetworks: [],
        normalizeLineEndingsFrom: [],
        logins: {},
        recipientCheck: 'accounts',
        outbound: { kind: 'off' },
        routes: {},
        accountRoutes: {},
        senderRoutes: {},
        tls: {
          usesDane: true,
          usesMtaSts: true,
          fallsBack: true,
          insistsOnKnownTls: false,
          rules: {},
        },
        retry: {
          scheduleMs: [300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000],
          recipientScheduleMs: [2, 4, 10, 15, 30, 60, 120, 240].map((minutes) => minutes * 60_000),
          expireMs: 432_000_000,
          delayWarningMs: 14_400_000,
          domains: {},
        },
        sendingLimits: { eachAccount: [], accounts: {}, eachTenant: [], tenants: {}, sites: {} },
        limits: {
          maxMessageBytes: 50_000_000,
          maxRecipients: 1000,
          maxConnections: 1000,
          maxConnectionsPerPeer: 200,
          maxHops: 100,
        },
      },
      queue: {
        durability: 'disk',
        directory: `${BASE}/var/queue`,
        maxQueuedBytes: 50_000_000_000,
        minFreeBytes: 100_000_000,
        maxMemoryBytes: 1_000_000_000,
        deliverFirstMs: 1000,
        eventRetentionMs: 2_592_000_000,
      },
      delivery: {
        listen: { host: '127.0.0.1', port: 2424 },
        mailDirectory: `${BASE}/var/mail`,
        allowedPeers: ['127.0.0.0/8', '::1/128'],
        trustedNetworks: [],
        logins: {},
        limits: {
          maxMessageBytes: 50_000_000,
          maxRecipients: 1000,
          maxConnections: 1000,
          maxConnectionsPerPeer: 200,
        },
      },
      sendmail: {
        socket: `${BASE}/var/sendmail.sock`,
        access: 'owner',
        spoolDirectory: `${BASE}/var/sendmail`,
      },
    });
  });

  test('is frozen through and through', () => {
    const { relay } = configured('');
    expect(Object.isFrozen(relay)).toBe(true);
    expect(Object.isFrozen(relay.retry.scheduleMs)).toBe(true);
  });

  test('may begin with a byte order mark and have the line ends of Windows', () => {
    expect(configured('\ufeff[server]\r\nhostname = "mail.example.test"\r\n').server.hostname).toBe(
      'mail.example.test',
    );
  });
});

describe('what is written', () => {
  test('domains and addresses are in their wire form, keys too', () => {
    const { directory, delivery } = configured(`
      [domains]
      own = ["B\u00fccher.test", "own.test"]
      postmaster = "Ops@OWN.test"
      plus_separator = ""
      catch_all = { "OWN.test" = "alice@own.test" }
      [aliases]
      "sales@own.test" = "alice@own.test"
      "team@b\u00fccher.test" = ["alice@own.test", "x@ELSEWHERE.test"]
      "list@own.test" = { targets = ["bob@own.test"], owner = "alice@own.test" }
      [accounts]
      file = "/etc/posthouse/accounts"
      [delivery]
      quota = "1GiB"
      quotas = { "alice@own.test" = "1.5GB", "bob@own.test" = 1000 }`);
    expect(directory).toEqual({
      domains: ['xn--bcher-kva.test', 'own.test'],
      postmaster: 'Ops@own.test',
      plusSeparator: '',
      catchAll: { 'own.test': 'alice@own.test' },
      aliases: {
        'sales@own.test': { targets: ['alice@own.test'] },
        'team@xn--bcher-kva.test': { targets: ['alice@own.test', 'x@elsewhere.test'] },
        'list@own.test': { targets: ['bob@own.test'], owner: 'alice@own.test' },
      },
      accountsFile: '/etc/posthouse/accounts',
      quotaBytes: 1_073_741_824,
      quotas: { 'alice@own.test': 1_500_000_000, 'bob@own.test': 1000 },
    });
    expect(delivery).not.toHaveProperty('quotas');
  });

  test('paths begin beside the file, or in the state directory it names', () => {
    const text =
      '[server]\nstate_directory = "state"\n[tls]\ncertificate_file = "a"\nkey_file = "/b"';
    const { server, queue, delivery, directory, tls } = configured(text);
    expect(server.stateDirectory).toBe(`${BASE}/state`);
    expect(queue.directory).toBe(`${BASE}/state/queue`);
    expect(delivery.mailDirectory).toBe(`${BASE}/state/mail`);
    expect(directory.accountsFile).toBe(`${BASE}/state/accounts`);
    expect(tls.certificate).toEqual({ certificateFile: `${BASE}/a`, keyFile: '/b' });
  });

  test('listeners are addresses, sockets, pipes, or off', () => {
    const { submission, relay, delivery } = configured(`
      submission.listen = "off"
      submission.listen_tls = "[::]:465"
      relay.listen = "unix:run/relay.sock"
      delivery.listen = 'unix:\\\\.\\pipe\\posthouse'`);
    expect(submission.listen).toBeUndefined();
    expect(submission.listenTls).toEqual({ host: '::', port: 465 });
    expect(relay.listen).toEqual({ path: `${BASE}/run/relay.sock` });
    expect(delivery.listen).toEqual({ path: '\\\\.\\pipe\\posthouse' });
  });

  test('logins, networks, limits and waits', () => {
    const { relay, submission } = configured(`
      [relay]
      allowed_peers = ["10.0.0.0/8"]
      trusted_networks = ["192.0.2.1", "2001:db8::/32"]
      logins.submission = { password_file = "secrets/submission" }
      retry.schedule = ["90s", "1h30m"]
      retry.expire = "2w"
      [relay.retry.domains]
      "slow.test" = { schedule = ["1h"] }
      "*.grey.test" = { recipient_schedule = ["6m"], expire = "1d" }
      [submission]
      max_messages_per_hour = 500
      max_recipients_per_hour = 2000`);
    expect(relay).toMatchObject({
      allowedPeers: ['10.0.0.0/8'],
      trustedNetworks: ['192.0.2.1/32', '2001:db8::/32'],
      logins: { submission: { kind: 'file', path: `${BASE}/secrets/submission` } },
      retry: {
        scheduleMs: [90_000, 5_400_000],
        recipientScheduleMs: [90_000, 5_400_000],
        expireMs: 1_209_600_000,
        domains: {
          'slow.test': { scheduleMs: [3_600_000] },
          '*.grey.test': { recipientScheduleMs: [360_000], expireMs: 86_400_000 },
        },
      },
    });
    expect(submission.limits).toMatchObject({
      maxMessagesPerHour: 500,
      maxRecipientsPerHour: 2000,
    });
  });
});
