/**
 * The certificate of a local stack: made at the first start, renewed before it ends.
 *
 * Files in the TLS directory: `ca.pem` for clients to trust, `ca.key`, `server.pem`
 * (with the authority behind it) and `server.key`; keys have mode 0600. What is there
 * and still good is kept, so that clients go on trusting the authority they know.
 * Files that cannot be read as certificates are made anew; a disk that refuses throws
 * DurableFsError.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { DurableFsError, readFile, replaceFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { createAuthority, createServerCertificate } from '@posthouse/transport-security';
import type { KeyedCertificate } from '@posthouse/transport-security';

/** What a listener needs, and the file that clients trust. */
export interface DevelopmentCertificate extends KeyedCertificate {
  readonly authorityFile: string;
  /** Milliseconds since the epoch; by then `ensureDevelopmentCertificate` must have been called again. */
  readonly renewAt: number;
}

export interface DevelopmentCertificateOptions {
  /** Where the files lie; must exist. */
  readonly directory: string;
  /** DNS names and IP addresses of the server. */
  readonly names: readonly string[];
  readonly now: number;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 90;
/** A certificate is renewed when a third of its time is left. */
const RENEW_WITH_LEFT = 1 / 3;
const AUTHORITY_NAME = 'Posthouse development authority';
const MAX_PEM_BYTES = 65_536;

/**
 * Gives the certificate that is there, or makes what is missing or ending. Other names than
 * those certified make a new authority too, for its constraints name the old ones.
 */
export async function ensureDevelopmentCertificate(
  options: DevelopmentCertificateOptions,
  disk: Disk,
): Promise<DevelopmentCertificate> {
  const file = (name: string): string => join(options.directory, name);
  const kept = await readPair(disk, file('ca.pem'), file('ca.key'));
  const server = await readPair(disk, file('server.pem'), file('server.key'));
  const isGood = (pair: KeyedCertificate): boolean =>
    isFor(pair, options.names) && isFresh(pair, options.now);
  const authority =
    kept !== undefined && isGood(kept) ? kept : await makeAuthority(options, disk, file);
  const current =
    server !== undefined && isGood(server) && isSignedBy(server, authority)
      ? server
      : await makeServer(options, authority, disk, file);
  return {
    ...current,
    authorityFile: file('ca.pem'),
    renewAt: renewalTime(new X509Certificate(current.certificate)),
  };
}

type FileNamer = (name: string) => string;

async function makeAuthority(
  options: DevelopmentCertificateOptions,
  disk: Disk,
  file: FileNamer,
): Promise<KeyedCertificate> {
  const made = createAuthority({
    commonName: AUTHORITY_NAME,
    names: options.names,
    notBefore: options.now - DAY_MS,
    notAfter: options.now + AUTHORITY_DAYS * DAY_MS,
  });
  await writePair(disk, made, file('ca.pem'), file('ca.key'));
  return made;
}

async function makeServer(
  options: DevelopmentCertificateOptions,
  authority: KeyedCertificate,
  disk: Disk,
  file: FileNamer,
): Promise<KeyedCertificate> {
  const made = createServerCertificate(
    {
      commonName: options.names[0] ?? 'localhost',
      names: options.names,
      notBefore: options.now - DAY_MS,
      notAfter: options.now + SERVER_DAYS * DAY_MS,
    },
    { ...authority, commonName: AUTHORITY_NAME },
  );
  const chained = { key: made.key, certificate: made.certificate + authority.certificate };
  await writePair(disk, chained, file('server.pem'), file('server.key'));
  return chained;
}

/** The key goes first: a certificate without its key would be served to nobody. */
async function writePair(
  disk: Disk,
  pair: KeyedCertificate,
  certificateFile: string,
  keyFile: string,
): Promise<void> {
  await replaceFile(disk, keyFile, Buffer.from(pair.key), { mode: 0o600 });
  await replaceFile(disk, certificateFile, Buffer.from(pair.certificate), { mode: 0o644 });
}

/** `undefined` where a file is missing or the two do not belong together. */
async function readPair(
  disk: Disk,
  certificateFile: string,
  keyFile: string,
): Promise<KeyedCertificate | undefined> {
  try {
    const [certificate, key] = await Promise.all(
      [certificateFile, keyFile].map(async (path) =>
        Buffer.from(await readFile(disk, path, MAX_PEM_BYTES)).toString('latin1'),
      ),
    );
    if (certificate === undefined || key === undefined) return undefined;
    const belongs = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return belongs ? { certificate, key } : undefined;
  } catch (error) {
    if (error instanceof DurableFsError && error.kind !== 'missing') throw error;
    return undefined;
  }
}

/** Of an authority these are the names that it may certify. */
function isFor(pair: KeyedCertificate, names: readonly string[]): boolean {
  const certificate = new X509Certificate(pair.certificate);
  return names.every(
    (name) =>
      (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
  );
}

function isSignedBy(pair: KeyedCertificate, authority: KeyedCertificate): boolean {
  const { publicKey } = new X509Certificate(authority.certificate);
  return new X509Certificate(pair.certificate).verify(publicKey);
}

function isFresh(pair: KeyedCertificate, now: number): boolean {
  return renewalTime(new X509Certificate(pair.certificate)) > now;
}

function renewalTime(certificate: X509Certificate): number {
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  return to - (to - from) * RENEW_WITH_LEFT;
}
