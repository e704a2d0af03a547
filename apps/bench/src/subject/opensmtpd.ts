/**
 * OpenSMTPD from Debian, unpacked, in a root directory of its own, with its default settings but
 * for the number of messages in a session. Its queue is not synced before the 250, so what it
 * does is not comparable with those who keep that promise. Its way out pauses for seconds by
 * design, so by default it takes no part in relaying. The fourteenth session at a time gets no
 * greeting from it, so it is loaded from ten.
 */
import type { SinkPlace, Subject } from './subject.ts';
import { startUnpacked, unpackedObstacle } from './unpacked.ts';
import type { UnpackedServer } from './unpacked.ts';

const SERVER: UnpackedServer = {
  packageName: 'opensmtpd',
  program: 'usr/sbin/smtpd',
  users: ['vmail', 'opensmtpd', 'opensmtpq'],
  directories: [],
  configurationFile: '/etc/smtpd.conf',
  script: 'mkdir -p /var/spool /var/lib/opensmtpd/empty; exec smtpd -d',
};

export const openSmtpd: Subject = {
  name: 'opensmtpd',
  remark: 'answers 250 before its queue is synced: not comparable; loaded from 10 sessions',
  maxSessions: 10,
  obstacle: () => Promise.resolve(unpackedObstacle(SERVER)),
  start: (setting) => startUnpacked(SERVER, setting, (port) => configuration(port, setting.sink)),
};

function configuration(port: number, sink: SinkPlace | undefined): string {
  return `smtp max-message-size 50M
smtp limit max-mails 1000000
table boxes { "@" = "vmail" }
listen on 127.0.0.1 port ${port}
action "box" maildir "/mail" virtual <boxes>
action "out" relay host smtp+notls://127.0.0.1:${sink?.port ?? 9}
match from any for domain "local.test" action "box"
match from any for any action "out"
`;
}
