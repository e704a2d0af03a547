/** Debian's OpenSMTPD as a neighbour. */
import { inRoot, unpackedFile } from '@posthouse/testkit/private-root';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MailSystem } from '../system/mail-system.ts';
import { REFUSALS, STAGES, UNWELCOME } from './peer-server.ts';
import type { Doors, PeerServer, Stage } from './peer-server.ts';
import { startServer } from './server.ts';
import { createRootForTest, endRoot } from './unpacked-root.ts';

const PACKAGE = 'opensmtpd';
const LOGIN = 'alice@example.test';

/** The names of the stages there. */
const PHASES: Readonly<Record<Stage, string>> = {
  connect: 'connect',
  mail: 'mail-from',
  rcpt: 'rcpt-to',
  data: 'data',
  dot: 'commit',
};

export const openSmtpd: PeerServer = {
  name: 'OpenSMTPD',
  needs: ['root', 'unshare', unpackedFile(PACKAGE, 'usr/sbin/smtpd')],
  smtpUtf8: false,
  servesTls: false, // Debian's 6.8 offers STARTTLS and breaks off: it does not know OpenSSL 3
  async start(doors, system, atEnd) {
    const file = (name: string): Promise<string> => readFile(join(system.directory, name), 'utf8');
    const root = await createRootForTest(
      {
        packageName: PACKAGE,
        users: ['vmail', 'opensmtpd', 'opensmtpq'],
        directories: ['', '/new', '/cur', '/tmp'].map((part) => `mail${part}`),
        files: {
          '/etc/smtpd.conf': configuration(doors, system),
          '/etc/mailname': 'mail.peer.test\n',
          '/etc/ssl/certs/ca-certificates.crt': await file('ca.pem'),
          '/tls/server.pem': await file('server.pem'),
          '/tls/server.key': await file('server.key'),
        },
      },
      atEnd,
    );
    const command = inRoot(
      root,
      'mkdir -p /var/spool /var/lib/opensmtpd/empty; chmod -R a+rX /etc/ssl; exec smtpd -d',
    );
    const server = await startServer(command, doors.full, /OpenSMTPD .* starting/, endRoot);
    atEnd(() => server.stop());
    return { ...server, doors, maildir: join(root, 'mail') };
  },
};

function configuration(doors: Doors, { accounts, relay, submission }: MailSystem): string {
  const toRelay = `host smtp+notls://127.0.0.1:${relay.port}`;
  const toSubmission = `host smtp+tls://alice@localhost:${submission.port} auth <secrets>`;
  return [
    'pki peer cert "/tls/server.pem"',
    'pki peer key "/tls/server.key"',
    'smtp max-message-size 50M',
    'table everybody { 127.0.0.0/8 }',
    'table boxes { "@" = "vmail" }',
    `table secrets { alice = "${LOGIN}:${accounts[LOGIN] ?? ''}" }`,
    ...STAGES.map(
      (stage) =>
        `filter "${stage}" phase ${PHASES[stage]} match src <everybody> reject "${REFUSALS[stage]}"`,
    ),
    `listen on 127.0.0.1 port ${doors.full} tls pki peer`,
    `listen on 127.0.0.1 port ${doors.bare} no-dsn`,
    ...STAGES.map((stage) => `listen on 127.0.0.1 port ${doors[stage]} filter "${stage}"`),
    'action "box" maildir "/mail" virtual <boxes>',
    `action "relay" relay ${toRelay}`,
    `action "unwelcome" relay ${toRelay} src ${UNWELCOME}`,
    `action "submission" relay ${toSubmission}`,
    'match from any for rcpt-to "carol@example.test" action "submission"',
    'match from any for rcpt-to "unwelcome@example.test" action "unwelcome"',
    'match from any for domain "example.test" action "relay"',
    'match from any for any action "box"',
    '',
  ].join('\n');
}
