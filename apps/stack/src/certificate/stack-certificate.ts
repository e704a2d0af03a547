/**
 * The stack's certificate: the files that the configuration names, or one for development
 * that is made at the first start and renewed in time while the stack runs.
 */
import { join } from 'node:path';
import type { Configuration } from '@posthouse/configuration';
import type { Disk } from '@posthouse/durable-fs';
import type { Clock, Logger, Startable, Timer } from '@posthouse/mail';
import { readCertificate } from '@posthouse/process';
import type { TlsCertificate } from '@posthouse/smtp';
import { ensureDevelopmentCertificate } from './development-certificate.ts';

export interface StackCertificateDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Told of a certificate that replaces the current one. */
  readonly onRenewal: (certificate: TlsCertificate) => void;
}

/** The certificate; while it runs, it renews what it made itself. */
export interface StackCertificate extends Startable {
  readonly current: TlsCertificate;
  /** What clients must trust; absent where the files are the operator's. */
  readonly authorityFile: string | undefined;
  /** Reads or makes the certificate of a configuration anew; nothing has changed yet. */
  read(configuration: Configuration): Promise<CertificateReading>;
}

/** A certificate that may take the current one's place. */
export interface CertificateReading {
  readonly certificate: TlsCertificate;
  /** Makes it the current one: what is renewed from now on is this. */
  readonly adopt: () => void;
}

interface Made extends TlsCertificate {
  readonly authorityFile?: string;
  readonly renewAt?: number;
}

/** @throws ExitError where a named file cannot be used, DurableFsError where none can be made */
export async function createStackCertificate(
  first: Configuration,
  disk: Disk,
  deps: StackCertificateDeps,
): Promise<StackCertificate> {
  let configuration = first;
  let made = await readOrMake(configuration, disk, deps.clock.now());
  let timer: Timer | undefined;

  const renew = async (): Promise<void> => {
    const renewed = configuration;
    try {
      const next = await readOrMake(renewed, disk, deps.clock.now());
      if (renewed !== configuration) return; // another one was adopted meanwhile
      made = next;
      deps.onRenewal({ cert: made.cert, key: made.key });
      deps.logger.info({ event: 'certificate-renewed' }, 'The development certificate was renewed');
    } catch (err) {
      deps.logger.error(
        { event: 'certificate-renewal-failed', err },
        'The certificate could not be renewed',
      );
    }
    schedule(RETRY_MS);
  };
  const schedule = (leastMs: number): void => {
    if (made.renewAt === undefined) return;
    const delayMs = Math.max(leastMs, made.renewAt - deps.clock.now());
    timer = deps.clock.after(delayMs, () => void renew());
  };

  return {
    get current() {
      return { cert: made.cert, key: made.key };
    },
    authorityFile: made.authorityFile,
    async read(next) {
      const found = await readOrMake(next, disk, deps.clock.now());
      return {
        certificate: { cert: found.cert, key: found.key },
        adopt() {
          timer?.cancel();
          [configuration, made] = [next, found];
          schedule(0);
        },
      };
    },
    start: async () => schedule(0),
    stop: async () => timer?.cancel(),
  };
}

const RETRY_MS = 3_600_000;
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];

async function readOrMake(configuration: Configuration, disk: Disk, now: number): Promise<Made> {
  const { server, tls } = configuration;
  if (tls.certificate !== undefined) return readCertificate(tls.certificate);
  const directory = join(server.stateDirectory, 'tls');
  await disk.directories.ensure(directory, 0o700);
  const names = [...new Set([...LOCAL_NAMES, server.hostname])];
  const made = await ensureDevelopmentCertificate({ directory, names, now }, disk);
  const { authorityFile, certificate: cert, key, renewAt } = made;
  return { cert, key, authorityFile, renewAt };
}
