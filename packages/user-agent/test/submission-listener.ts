/** A submission server of ours on loopback, for tests of clients. */
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { refuse, silentLogger, systemClock } from '@posthouse/mail';
import { createListener } from '@posthouse/smtp';
import type { ListenerOptions, SessionPolicy, TlsCertificate } from '@posthouse/smtp';
import { createRecordingReceiver, domain } from '@posthouse/testkit';
import type { ReceiverScript, RecordingReceiver } from '@posthouse/testkit';
import type { SubmissionServer } from '../src/submission/submission-server.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

/** For localhost and 127.0.0.1, trusted by itself only. */
export const CERTIFICATE: TlsCertificate = {
  key: fixture('server-key.pem'),
  cert: fixture('server-cert.pem'),
};
/** For other.example.test. */
export const OTHER: TlsCertificate = {
  key: fixture('other-key.pem'),
  cert: fixture('other-cert.pem'),
};
export interface Submitting {
  readonly server: SubmissionServer;
  readonly receiver: RecordingReceiver;
}

const POLICY: SessionPolicy = {
  authenticate: async ({ mechanism, user, password }) => {
    if (password !== 'secret') throw refuse('credentials-invalid');
    return { account: user, mechanism };
  },
};

/** A submission server of ours, and how to submit to it. */
export async function listen(
  script: ReceiverScript = {},
  options: Partial<ListenerOptions> = {},
): Promise<Submitting> {
  const receiver = createRecordingReceiver(script);
  const listener = createListener(
    {
      protocol: 'smtp',
      listen: { host: '127.0.0.1', port: 0 },
      hostname: domain('mail.example.test'),
      tls: { mode: 'starttls', ...CERTIFICATE },
      requireTls: true,
      authentication: { required: true, mechanisms: ['PLAIN', 'LOGIN'] },
      ...options,
    },
    { receiver, policy: POLICY, clock: systemClock, logger: silentLogger },
  );
  await listener.start();
  onTestFinished(() => listener.stop());
  if ('path' in listener.address) throw new TypeError('it listens on TCP');
  return {
    receiver,
    server: {
      ...listener.address,
      tls: 'required',
      ca: CERTIFICATE.cert,
      login: { user: 'alice@example.test', password: () => Promise.resolve('secret') },
    },
  };
}
