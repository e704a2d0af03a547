import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explainStartFailure, readCertificate, readSecret } from '../src/index.ts';
import { workplace } from './sample-agent.ts';

describe('secrets', () => {
  test('are the content of a file without its line end', async () => {
    const path = join(await workplace(), 'secret');
    await writeFile(path, ' two words \r\n');
    expect(await readSecret({ kind: 'file', path })).toBe(' two words ');
  });

  test.each(['', '\n'])('are never empty (%j)', async (content) => {
    const path = join(await workplace(), 'secret');
    await writeFile(path, content);
    await expect(readSecret({ kind: 'file', path })).rejects.toMatchObject({
      exit: 'configuration',
    });
  });

  test('may be in the environment', async () => {
    expect(await readSecret({ kind: 'environment', name: 'PATH' })).toBe(process.env['PATH']);
    await expect(readSecret({ kind: 'environment', name: 'NO_SUCH_NAME' })).rejects.toThrow(
      'There is no password in the variable NO_SUCH_NAME',
    );
  });

  test('that cannot be read are told with their file', async () => {
    const path = join(await workplace(), 'missing');
    await expect(readSecret({ kind: 'file', path })).rejects.toThrow(path);
  });
});

describe('certificates', () => {
  const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
  const certificateFile = fixture('certificate.pem');

  test('are read with their key', async () => {
    const { cert, key } = await readCertificate({ certificateFile, keyFile: fixture('key.pem') });
    expect([cert.split('\n')[0], key.split('\n')[0]]).toEqual([
      '-----BEGIN CERTIFICATE-----',
      '-----BEGIN PRIVATE KEY-----',
    ]);
  });

  test.each([
    ['other-key.pem', /other-key\.pem is not the key of /],
    ['certificate.pem', /^No certificate and key in /],
    ['missing.pem', /^The certificate cannot be read: .*missing\.pem/],
  ])('are refused with %s', async (name, text) => {
    const reading = readCertificate({ certificateFile, keyFile: fixture(name) });
    await expect(reading).rejects.toMatchObject({ exit: 'configuration' });
    await expect(reading).rejects.toThrow(text);
  });
});

describe('why an agent did not start', () => {
  const system = (code: string, more: object = {}): Error =>
    Object.assign(new Error(`${code}: told by the system`), { code }, more);

  const ours = (name: string, kind: string): Error =>
    Object.assign(new Error('said by us'), { name, kind });

  test.each([
    [system('EADDRNOTAVAIL', { address: '192.0.2.1', port: 25 }), 'configuration', '192.0.2.1:25'],
    [system('EACCES', { address: '0.0.0.0', port: 25 }), 'noPermission', 'CAP_NET_BIND_SERVICE'],
    [system('EACCES'), 'noPermission', 'told by the system'],
    [system('ENOSPC'), 'cannotCreate', 'told by the system'],
    [system('EISDIR'), 'cannotCreate', 'told by the system'],
    [system('EIO'), 'ioError', 'told by the system'],
    [new Error('the queue', { cause: system('EROFS') }), 'cannotCreate', 'the queue'],
    [
      Object.assign(ours('StoreError', 'unavailable'), system('EACCES')),
      'noPermission',
      'said by us',
    ],
    ['thrown text', 'software', 'thrown text'],
    [ours('StoreError', 'in-use'), 'unavailable', 'said by us'],
    [ours('AccountsError', 'account-exists'), 'data', 'said by us'],
    [ours('AccountsError', 'locked'), 'tempFail', 'said by us'],
    [ours('StoreError', 'unavailable'), 'software', 'said by us'],
  ])('%s', (error, exit, words) => {
    const failure = explainStartFailure(error);
    expect(failure.exit).toBe(exit);
    expect(failure.text).toContain(words);
  });
});
