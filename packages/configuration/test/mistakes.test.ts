import { describe, expect, test } from 'vitest';
import { mistakes } from './reading.ts';

describe('mistakes', () => {
  test('are told all at once, each with place, key, text and fix', () => {
    const text = `outbound = "mx"
[server]
hostnam = "mail.example.com"
state_directory = 5
hostname = "a b"
[relay]
listen = "127.0.0.1:2587"
outbound = "relay"
trusted_networks = ["10.0.0.0/8", "10.0.0.0/33"]
max_message_size = "25 XB"
max_recipients = 10
sink = "nope"
[relay.relayhost]
host = "smtp.example.com"
prot = 587
user = "me"
password = "secret"
tls = "off"
[relay.routes]
"example..com" = "mx"
"b.test" = { host = "x", port = 99999 }
[relay.retry]
expire = "1h"
schedule = ["5m", "5x"]
[aliases]
"sales@other.test" = "alice@posthouse.test"
"x@posthouse.test" = { owner = "y@z.test" }
[tls]
key_file = 'key'
[log]
level = "verbose"
[log2]
`;
    expect(mistakes(text)).toEqual([
      '1:1 outbound | Unknown key `outbound` | It belongs into [relay]',
      '3:1 server.hostnam | Unknown key `hostnam` | Did you mean `hostname`?',
      '4:19 server.state_directory | 5 is not text in quotes | For example: state_directory = "/var/lib/posthouse"',
      '5:12 server.hostname | "a b" is no domain | For example: hostname = "mail.example.com"',
      '7:10 relay.listen | relay.listen and submission.listen are the same address | Give one of them another port',
      '8:12 relay.outbound | "relay" is none of "off", "mx", "relayhost", "sink" | Did you mean "relayhost"?',
      '9:35 relay.trusted_networks[1] | "10.0.0.0/33" is no network or IP address | For example: trusted_networks = ["10.0.0.0/8", "2001:db8::/32"]',
      '10:20 relay.max_message_size | "25 XB" is no size: a number with B, KB, MB, GB, KiB, MiB or GiB | For example: max_message_size = "25MB"',
      '11:18 relay.max_recipients | 10 is too small: at least 100 | For example: max_recipients = 1000',
      '12:8 relay.sink | "nope" is no address in one of our domains | For example: sink = "alice@example.com"',
      '15:1 relay.relayhost.prot | Unknown key `prot` | Did you mean `port`?',
      '17:1 relay.relayhost.password | Unknown key `password` | Secrets do not stand here: put it into a file and write password_file = "path"',
      '18:7 relay.relayhost.tls | The password could travel in the clear | Write tls = "required", or leave the line out',
      '20:1 relay.routes."example..com" | "example..com" is no domain, and no *.domain | For example: "example.com"',
      '21:33 relay.routes."b.test".port | 99999 is too large: at most 65535 | For example: port = 587',
      '22:8 relay.retry.delay_warning | The warning would come after the message is given up | Make it shorter than relay.retry.expire',
      '24:19 relay.retry.schedule[1] | "5x" is no duration of at least 1000 ms: numbers with ms, s, m, h, d or w | For example: schedule = ["5m", "15m", "1h", "4h"]',
      '26:1 aliases."sales@other.test" | "sales@other.test" is no address in one of our domains | For example: "sales@example.com"',
      '27:22 aliases."x@posthouse.test".targets | `targets` is missing | Add targets = ["bob@example.com"]',
      '28:2 tls.certificate_file | `certificate_file` is missing: a key needs its certificate | Add certificate_file = "tls/fullchain.pem"',
      '31:9 log.level | "verbose" is none of "info", "debug", "warn", "error" | Write one of "info", "debug", "warn", "error"',
      '32:2 log2 | Unknown key `log2` | Did you mean `log`?',
    ]);
  });

  test.each([
    [
      'relay = 5',
      '1:9 relay | 5 is not a table | Write [relay] on a line of its own, and its keys below',
    ],
    [
      'relay.listen = []',
      '1:16 relay.listen | a list is not text in quotes | For example: listen = "0.0.0.0:25"',
    ],
    [
      'relay.max_message_size = true',
      '1:26 relay.max_message_size | true is not a number or text in quotes | For example: max_message_size = "25MB"',
    ],
    [
      'relay.max_message_size = "1KB"',
      '1:26 relay.max_message_size | "1KB" is too small: at least 65536 bytes | For example: max_message_size = "25MB"',
    ],
    [
      '[aliases]\n"a@posthouse.test" = "b@posthouse.test"\n"A@posthouse.test" = "c@posthouse.test"',
      '3:22 aliases."A@posthouse.test" | The same address stands here in another case | Leave one of them out, or put all targets into one',
    ],
    [
      'dns.servers = []',
      '1:15 dns.servers | The list needs 1 or more | For example: servers = ["127.0.0.1:53"]',
    ],
    [
      'server.drain = 1979-05-27',
      '1:16 server.drain | a date is not text in quotes | For example: drain = "10s"',
    ],
    [
      'relay.outbound = "sink"',
      '1:1 relay.sink | `sink` is missing: mail goes to the route "sink" | Add sink = "alice@example.com"',
    ],
    [
      'relay.sink = "alice@elsewhere.test"',
      '1:14 relay.sink | "alice@elsewhere.test" is no address in one of our domains | For example: sink = "alice@example.com"',
    ],
    [
      '[relay.routes]\n"a.test" = "relayhost"',
      '1:2 relay.relayhost | `relayhost` is missing: mail goes to the route "relayhost" | Add relayhost = { host = "smtp.example.com", port = 587 }',
    ],
    [
      '[relay.sender_routes]\n"a.test" = "relayhost"',
      '1:2 relay.relayhost | `relayhost` is missing: mail goes to the route "relayhost" | Add relayhost = { host = "smtp.example.com", port = 587 }',
    ],
    [
      '[relay.relayhost]\nhost = "a.test"\nport = 587\nuser = "me"\ntoken = { client_id = "x", refresh_token_file = "r" }',
      '5:9 relay.relayhost.token.url | `url` is missing: no provider is named that has one | Add url = "https://oauth2.example.com/token"',
    ],
    [
      '[relay.relayhost]\nprovider = "gmail"\nuser = "x"\npassword_file = "y"\ntoken = { command = ["x"] }',
      '4:17 relay.relayhost.password_file | A login has a password or a token | Keep one of the two',
    ],
    [
      '[relay.relayhost]\nprovider = "gmial"',
      '2:12 relay.relayhost.provider | "gmial" is no provider that we know; name its host and port instead | For example: provider = "gmail"',
    ],
    [
      '[relay.relayhost]\nprovider = "gmail"\nregion = "eu"',
      '3:10 relay.relayhost.region | Gmail has no regions | Leave it out, or name the host',
    ],
    [
      '[relay.relayhost]\nprovider = "gmail"\npassword_file = "x"',
      '1:8 relay.relayhost.user | `user` is missing: a password needs a name to log in with | Add user = "relay"',
    ],
    [
      '[relay.relayhost]\nprovider = "ses"\ntls = "off"\nuser = "x"\npassword_file = "x"',
      '3:7 relay.relayhost.tls | The password could travel in the clear | Write tls = "required", or leave the line out',
    ],
    [
      '[relay.account_routes]\n"a.test" = "mx"',
      '2:1 relay.account_routes."a.test" | "a.test" is no account (alice@example.com) | For example: "news@example.com"',
    ],
    [
      '[relay.routes]\n"a.test" = { mx = true, host = "b.test" }',
      '2:32 relay.routes."a.test".host | `mx` goes to the hosts in DNS: only `source_addresses` can stand beside it | Leave it out, or leave out `mx`',
    ],
    [
      '[relay.routes]\n"a.test" = [{ host = "b.test" }]',
      '2:13 relay.routes."a.test"[0].port | `port` is missing: a next hop is a host and port, or a socket | Add port = 587',
    ],
    [
      'relay.source_addresses = ["192.0.2.1", "192.0.2.2"]',
      '1:26 relay.source_addresses | a list has two addresses of one family | For example: source_addresses = ["192.0.2.25", "2001:db8::25"]',
    ],
    [
      '[relay.delivery]\nhost = "a.test"',
      '1:8 relay.delivery.port | `port` is missing: a next hop is a host and port, or a socket | Add port = 587',
    ],
    [
      '[relay.delivery]\nsocket = "x"\nport = 1',
      '3:8 relay.delivery.port | `port` and `socket` exclude each other | Keep one of the two',
    ],
    [
      '[relay.delivery]\nsocket = "x"\npassword_env = "X"\npassword_file = "x"\nuser = "x"',
      '3:16 relay.delivery.password_env | The password is named twice: a file and an environment variable | Keep one of the two',
    ],
    [
      '[relay.logins.x]',
      '1:15 relay.logins.x.password_file | `password_file` is missing: a login needs a password | Add password_file = "secrets/submission"',
    ],
    [
      '[delivery]\nquotas."a" = 5',
      '2:8 delivery.quotas.a | "a" is no address | For example: "alice@example.com"',
    ],
    ['__proto__ = 1', '1:1 __proto__ | No key may have this name | Remove it'],
    [
      `${'a.'.repeat(40)}a = 1`,
      '1:33 a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a | Nested too deeply | Remove it',
    ],
  ])('%s', (text, mistake) => expect(mistakes(text)).toContain(mistake));

  test('of a long list of keys name the nearest one', () => {
    expect(mistakes('[submission]\nmax_mesages_per_hour = 5')).toEqual([
      '2:1 submission.max_mesages_per_hour | Unknown key `max_mesages_per_hour` | Did you mean `max_messages_per_hour`?',
    ]);
    expect(mistakes('[submission]\nmilter = 5')).toEqual([
      '2:1 submission.milter | Unknown key `milter` | Remove it. Known here: listen, listen_tls, next_hop, max_message_size, max_recipients, max_connections, max_connections_per_peer, max_messages_per_hour, max_recipients_per_hour',
    ]);
  });
});

describe('an agent alone', () => {
  test('submission needs a relay and a certificate', () => {
    expect(mistakes('[submission]\nlisten = "0.0.0.0:587"', 'submission')).toEqual([
      '1:1 tls.certificate_file | `certificate_file` is missing: submission takes passwords under TLS only (and needs key_file, too) | Add [tls] with certificate_file = "tls/fullchain.pem"',
      '1:2 submission.next_hop | `next_hop` is missing: submission alone needs a relay that takes the mail | Add next_hop = { host = "relay.example.com", port = 2525 }',
    ]);
  });

  test('the relay needs a delivery agent where there are domains of ours', () => {
    expect(mistakes('', 'relay')).toEqual([
      '1:1 relay.delivery | `delivery` is missing: the relay alone needs a delivery agent for our domains | Add [relay] with delivery = { host = "10.0.0.7", port = 2424 }',
    ]);
    expect(mistakes('domains.own = []', 'relay')).toEqual([]);
  });

  test('delivery needs nothing, and addresses of other agents do not matter', () => {
    expect(mistakes('relay.listen = "127.0.0.1:2424"', 'delivery')).toEqual([]);
  });
});

describe('what is not TOML', () => {
  test('is told in all lines that can be told apart, with the mistakes of the others', () => {
    const text = `[server]
hostname = mail.example.com
state_directory = "C:\\mail"
drain = "x"
[relay]
listen: "x"
max_message_size = 25MB
outbound = yes
sink = "unclosed
max_hops = 100
max_hops = 200
[submision]
`;
    expect(mistakes(text)).toEqual([
      '2:12  | This is not TOML: unexpected character | Put text in double quotes: key = "text"',
      "3:23  | This is not TOML: invalid character in escape sequence | Put a path with backslashes in single quotes: 'C:\\mail'",
      '4:9 server.drain | "x" is no duration of at least 0 ms: numbers with ms, s, m, h, d or w | For example: drain = "10s"',
      '6:7  | This is not TOML: unexpected character | TOML writes key = value, with an equals sign',
      '7:22  | Something stands behind the value | Put a number with a unit in double quotes: "25MB", "10m"',
      '8:12  | This is not TOML: unexpected character | Write true or false, or put text in double quotes',
      '9:17  | Text is not closed | Close the text with the quote that it begins with, on the same line',
      '11:1  | This key or section stands here for the second time | Keep one of the two',
      '12:2 submision | Unknown key `submision` | Did you mean `submission`?',
    ]);
  });

  test('makes nothing missing that may stand in a broken line', () => {
    expect(mistakes('[relay.delivery]\nhost = x\nport = 24')).toEqual([
      '2:8  | This is not TOML: unexpected character | Put text in double quotes: key = "text"',
    ]);
  });

  test('a broken header ends the search', () => {
    expect(mistakes('[relay\nlisten = 5\nx = y\n')).toEqual([
      '1:7  | This is not TOML: the key, equals sign, and value must be on the same line | Close the name of the section: [section]',
    ]);
  });

  test('a section that stands twice', () => {
    expect(mistakes('[relay]\n[relay]\n')).toEqual([
      '2:2  | This key or section stands here for the second time | Keep one of the two',
    ]);
  });
});

test('names of a TLS rule that nobody would look at are a mistake', () => {
  const text = `[relay.tls.rules]
"example.com" = { level = "encrypt", names = ["mx.example.com"] }
"b.test" = "sometimes"`;
  expect(mistakes(text)).toEqual([
    expect.stringContaining('Names are looked at with the level "verify" only'),
    expect.stringContaining('3:12 relay.tls.rules."b.test"'),
  ]);
});
