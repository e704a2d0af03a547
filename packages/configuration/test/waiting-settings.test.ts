/** A reload tells which of the settings that have changed wait for the next start. */
import { expect, test } from 'vitest';
import { settingsThatWait } from '@posthouse/configuration';
import { configured } from './reading.ts';

test.each([
  ['[sendmail]\naccess = "everybody"', ['[sendmail]']],
  ['[server]\nhostname = "mail.example.test"', ['server.hostname']],
  [
    '[relay]\nlisten = "127.0.0.1:25"\nmax_recipients = 500',
    ['relay.listen', 'the limits of [relay]'],
  ],
  ['[relay.retry]\nexpire = "1d"', ['[relay.retry]']],
  ['[queue]\nmax_size = "1GB"', ['[queue]']],
  ['[log]\nformat = "json"\nlevel = "debug"', ['log.format']],
  ['[delivery]\nmail_directory = "mail"\nquota = "1GB"', ['delivery.mail_directory']],
  ['[aliases]\n"a@posthouse.test" = "b@posthouse.test"', []],
  ['[relay]\ntrusted_networks = ["192.0.2.0/24"]\nroutes."x.test" = "mx"', []],
])('%s', (text, waiting) => {
  expect(settingsThatWait(configured(''), configured(text))).toEqual(waiting);
});

test('an agent alone names its own settings only', () => {
  const changed = configured(
    '[relay]\nlisten = "off"\n[delivery]\nlisten = "off"\n[queue]\nmax_size = "1GB"',
  );
  const waiting = (role: 'delivery' | 'submission') =>
    settingsThatWait(configured(''), changed, role);
  expect(waiting('delivery')).toEqual(['delivery.listen']);
  expect(waiting('submission')).toEqual([]);
});
