import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '@posthouse/configuration';
import type { Configuration } from '@posthouse/configuration';
import { createDisk } from '@posthouse/durable-fs';
import { silentLogger } from '@posthouse/mail';
import type { TlsCertificate } from '@posthouse/smtp';
import { createManualClock } from '@posthouse/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStackCertificate } from '../src/certificate/stack-certificate.ts';

const YEAR_MS = 365 * 86_400_000;
let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'posthouse-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function configured(text: string): Configuration {
  const reading = readConfiguration(text, join(directory, 'posthouse.toml'));
  if (reading.kind === 'invalid') throw new Error(JSON.stringify(reading.problems));
  return reading.configuration;
}

async function start() {
  const clock = createManualClock();
  const renewals: TlsCertificate[] = [];
  const renewed = Promise.withResolvers<void>();
  const onRenewal = (certificate: TlsCertificate): void => {
    renewals.push(certificate);
    renewed.resolve();
  };
  const deps = { clock, logger: silentLogger, onRenewal };
  const certificate = await createStackCertificate(configured(''), createDisk(), deps);
  await certificate.start();
  return { certificate, clock, renewals, renewed: renewed.promise };
}

it('is renewed where the stack has made it itself', async () => {
  const { certificate, clock, renewals, renewed } = await start();
  const first = certificate.current;
  await clock.advance(YEAR_MS);
  await renewed;
  await certificate.stop();
  expect(renewals[0]?.cert).not.toBe(first.cert);
  expect(certificate.current).toEqual(renewals.at(-1));
});

it('does not come back once the operator has brought his own', async () => {
  const { certificate, clock, renewals } = await start();
  const own = { certificate_file: 'var/tls/server.pem', key_file: 'var/tls/server.key' };
  const text = Object.entries(own).map(([key, path]) => `${key} = "${path}"\n`);
  const reading = await certificate.read(configured(`[tls]\n${text.join('')}`));
  reading.adopt();
  await clock.advance(YEAR_MS);
  await certificate.stop();
  expect(renewals).toEqual([]);
  expect(certificate.current).toEqual(reading.certificate);
});
