import { describe, expect, it, onTestFinished } from 'vitest';
import { startScriptedPeer } from '@posthouse/testkit';
import { examineServer } from '../src/doctor/examine-server.ts';
import type { Examination } from '../src/doctor/examine-server.ts';
import { CERTIFICATE, OTHER, listen } from './submission-listener.ts';

function told({ findings }: Examination): readonly string[] {
  return findings.map(({ step, result, what }) => `${step} ${result}: ${what}`);
}

describe('examineServer', () => {
  it('says what works', async () => {
    const { server } = await listen();
    const examination = await examineServer({ ...server, host: 'localhost' });
    // What depends on the machine: the addresses of localhost, a free port, OpenSSL's choice.
    const lines = told(examination).map((text) =>
      text
        .replace(/Port \d+/, 'Port N')
        .replace(/\(TLS_\w+\)/, '(cipher)')
        .replace(/addresses .*/, 'addresses.'),
    );
    expect(lines).toEqual([
      'name works: localhost has the addresses.',
      'connection works: Port N of localhost speaks SMTP.',
      'tls works: The connection is encrypted with TLSv1.3 (cipher), and the certificate is trusted.',
      'certificate works: The certificate is for localhost, 127.0.0.1, signed by localhost, and valid until 2126-10-30.',
      'login works: alice@example.test can log in.',
      'size works: It takes messages of up to 26.2 MB.',
      'extensions works: It knows delivery notifications, international addresses, 8-bit content, TLS on the whole way, pipelining, chunks.',
    ]);
    expect(examination.certificate?.names).toEqual(['localhost', '127.0.0.1']);
    expect(examination.tls?.version).toBe('TLSv1.3');
    expect(examination.offers?.mechanisms).toEqual(['PLAIN', 'LOGIN']);
  });

  it('looks at TLS from the start as well', async () => {
    const { server } = await listen({}, { tls: { mode: 'implicit', ...CERTIFICATE } });
    const examination = await examineServer({ ...server, tls: 'implicit' });
    expect(examination.findings.every(({ result }) => result === 'works')).toBe(true);
    expect(examination.certificate?.validTo).toBeGreaterThan(Date.now());
  });

  it('says what to change', async () => {
    const { server } = await listen({}, { tls: { mode: 'starttls', ...OTHER } });
    const other = await examineServer({ ...server, ca: OTHER.cert });
    expect(told(other)).toEqual([
      expect.stringMatching(
        /^certificate fails: The certificate of 127\.0\.0\.1 is for another name/,
      ),
      expect.stringMatching(/^certificate note: The certificate is for other\.example\.test/),
    ]);
    const good = await listen();
    const wrong = await examineServer({
      ...good.server,
      login: { user: 'alice', password: 'wrong' },
    });
    expect(told(wrong)).toContainEqual(
      expect.stringMatching(/^login fails: 127\.0\.0\.1 did not accept/),
    );
    const clear = await examineServer({ ...good.server, tls: 'off', login: undefined });
    expect(told(clear)).toContainEqual('tls note: The connection is not encrypted.');
    expect(told(clear)).toContainEqual('login note: It offers no way to log in.');
  });

  it('ends where nothing can follow', async () => {
    const nowhere = await examineServer({ host: 'nowhere.invalid', port: 587, tls: 'required' });
    expect(told(nowhere)).toEqual([expect.stringMatching(/^name fails: /)]);
    const peer = await startScriptedPeer(['S: 554 5.7.1 go away\n', 'S: 554 5.7.1 go away\n']);
    onTestFinished(() => peer.stop());
    const refused = await examineServer({ host: peer.host, port: peer.port, tls: 'required' });
    expect(told(refused)).toEqual([
      expect.stringMatching(/^connection fails: .*554 5\.7\.1 go away/),
    ]);
  });

  it('stops when it is told to', async () => {
    const { server } = await listen();
    const reason = new Error('stopped');
    await expect(examineServer(server, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
