/**
 * OpenSMTPD from Debian, unpacked, in a root directory of its own, with its default settings but
 * for the number of messages in a session. Its queue is not synced before the 250, so what it
 * does is not comparable with those who keep that promise. Its way out pauses for seconds by
 * design, so by default it takes no part in relaying. The fourteenth session at a time gets no
 * greeting from it, so it is loaded from ten.
 */
import { join } from 'node:path';
import { now } from '../meter/clock.ts';
import { freePort, startChild } from './child.ts';
import { createPrivateRoot, inRoot, privateRootObstacle } from './private-root.ts';
import type { SinkPlace, Subject } from './subject.ts';

const PACKAGE = 'opensmtpd';

export const openSmtpd: Subject = {
  name: 'opensmtpd',
  remark: 'answers 250 before its queue is synced: not comparable; loaded from 10 sessions',
  maxSessions: 10,
  obstacle: () => Promise.resolve(privateRootObstacle(PACKAGE, 'usr/sbin/smtpd')),
  async start(setting) {
    const { directory, environment } = setting;
    const port = await freePort();
    await createPrivateRoot({
      path: directory,
      packageName: PACKAGE,
      users: ['vmail', 'opensmtpd', 'opensmtpq'],
      directories: MAILDIR,
      files: { '/etc/smtpd.conf': configuration(port, setting.sink) },
      environment,
    });
    const prepared = 'mkdir -p /var/spool /var/lib/opensmtpd/empty; chmod go-w /etc/smtpd.conf';
    const startedAt = now();
    const child = startChild({
      command: [...(setting.under ?? []), ...inRoot(directory, `${prepared}; exec smtpd -d`)],
      cwd: directory,
      logFile: join(directory, 'output'),
    });
    await child.listening(port);
    return {
      pid: child.pid,
      startedAt,
      startedInMs: now() - startedAt,
      exchange: { port },
      mailbox: join(directory, 'mail/new'),
      stop: () => child.stop('SIGKILL'),
    };
  },
};

const MAILDIR = ['mail', 'mail/new', 'mail/cur', 'mail/tmp'];

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
