/**
 * Looks at a submission server as a mail program would, step by step, and says what works
 * and what to change.
 *
 * Each step is a finding; one that fails says what to check next, and ends the examination
 * where nothing can follow it. Nothing is sent. Never throws but for the caller's signal.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { silentLogger, systemClock } from '@posthouse/mail';
import type { TlsFacts } from '@posthouse/mail';
import type { CertificateFacts, ClientSession, ConnectTarget, PeerOffers } from '@posthouse/smtp';
import { explainFailure } from '../submission/explain-failure.ts';
import type { FailureExplanation } from '../submission/explain-failure.ts';
import type { FailureReason } from '../submission/failure-reason.ts';
import { targetOf } from '../submission/submission-server.ts';
import type { SubmissionServer } from '../submission/submission-server.ts';

/** One step. */
export interface Finding {
  readonly step: 'name' | 'connection' | 'tls' | 'certificate' | 'login' | 'size' | 'extensions';
  /** `note`: it works, and something is worth knowing. */
  readonly result: 'works' | 'note' | 'fails';
  /** A sentence. */
  readonly what: string;
  /** What to change. */
  readonly next?: string;
  /** For programs, where it fails. */
  readonly reason?: FailureReason;
}

/** What an examination came to. Plain data. */
export interface Examination {
  readonly findings: readonly Finding[];
  readonly addresses: readonly string[];
  readonly tls?: TlsFacts;
  readonly certificate?: CertificateFacts;
  /** What the server offers to a mail program that is allowed to use it. */
  readonly offers?: PeerOffers;
}

const SOON_MS = 14 * 86_400_000;

/** Examines. @throws what the signal says */
export async function examineServer(
  server: SubmissionServer,
  signal?: AbortSignal,
): Promise<Examination> {
  const findings: Finding[] = [];
  const addresses = await addressesOf(server, findings);
  if (addresses.length === 0) return { findings, addresses };
  const session = await open({ ...server, login: undefined }, signal);
  if ('reason' in session) {
    const step = stepOf(session);
    findings.push(failure(step, session));
    if (step !== 'certificate') return { findings, addresses };
    const certificate = await lookAtCertificate(server, signal);
    if (certificate === undefined) return { findings, addresses };
    // What it is, not that it is well.
    findings.push({ ...aboutCertificate(certificate, systemClock.now()), result: 'note' });
    return { findings, addresses, certificate };
  }
  const certificate = session.certificate();
  const seen = { addresses, ...(certificate === undefined ? {} : { certificate }) };
  const { offers, tls: facts } = session;
  await session.quit();
  const what = `Port ${server.port} of ${server.host} speaks SMTP.`;
  findings.push({ step: 'connection', result: 'works', what });
  findings.push(aboutTls(facts));
  if (certificate !== undefined) findings.push(aboutCertificate(certificate, systemClock.now()));
  findings.push(await aboutLogin(server, offers, signal), aboutSize(offers), aboutOffers(offers));
  return { findings, ...seen, ...(facts === undefined ? {} : { tls: facts }), offers };
}

async function addressesOf(
  server: SubmissionServer,
  findings: Finding[],
): Promise<readonly string[]> {
  if (isIP(server.host) !== 0) return [server.host];
  try {
    const found = (await lookup(server.host, { all: true })).map(({ address }) => address);
    const what = `${server.host} has the addresses ${found.join(', ')}.`;
    findings.push({ step: 'name', result: 'works', what });
    return found;
  } catch (error) {
    findings.push(failure('name', explainFailure(error, server)));
    return [];
  }
}

/** A certificate that is not valid, to say what it is. Nothing is said over this connection but EHLO. */
async function lookAtCertificate(
  server: SubmissionServer,
  signal: AbortSignal | undefined,
): Promise<CertificateFacts | undefined> {
  const target = targetOf({ ...server, login: undefined });
  const session = await reach({ ...target, tls: { ...target.tls, verify: false } }, signal).catch(
    () => undefined,
  );
  const certificate = session?.certificate();
  await session?.quit();
  return certificate;
}

async function reach(target: ConnectTarget, signal?: AbortSignal): Promise<ClientSession> {
  const { connect } = await import('@posthouse/smtp');
  return connect(target, { clock: systemClock, logger: silentLogger }, signal);
}

async function open(
  server: SubmissionServer,
  signal: AbortSignal | undefined,
): Promise<ClientSession | FailureExplanation> {
  try {
    return await reach(targetOf(server), signal);
  } catch (error) {
    signal?.throwIfAborted();
    return explainFailure(error, { ...server, user: server.login?.user });
  }
}

function failure(step: Finding['step'], explanation: FailureExplanation): Finding {
  return { step, result: 'fails', ...explanation };
}

function stepOf({ reason }: FailureExplanation): Finding['step'] {
  if (reason.startsWith('certificate-')) return 'certificate';
  return reason.startsWith('tls-') || reason === 'not-tls' ? 'tls' : 'connection';
}

function aboutTls(facts: TlsFacts | undefined): Finding {
  if (facts === undefined) {
    return {
      step: 'tls',
      result: 'note',
      what: 'The connection is not encrypted.',
      next: 'Use TLS wherever the server is not on this machine.',
    };
  }
  const what = `The connection is encrypted with ${facts.version} (${facts.cipher}), and the certificate is trusted.`;
  return { step: 'tls', result: 'works', what };
}

function aboutCertificate(certificate: CertificateFacts, now: number): Finding {
  const { names, issuer, validTo } = certificate;
  const until = new Date(validTo).toISOString().slice(0, 10);
  const what = `The certificate is for ${names.join(', ')}, signed by ${issuer}, and valid until ${until}.`;
  return validTo - now < SOON_MS
    ? { step: 'certificate', result: 'note', what, next: 'Renew it, and load the new one.' }
    : { step: 'certificate', result: 'works', what };
}

async function aboutLogin(
  server: SubmissionServer,
  offers: PeerOffers,
  signal: AbortSignal | undefined,
): Promise<Finding> {
  if (server.login !== undefined) {
    const session = await open(server, signal);
    if ('reason' in session) return failure('login', session);
    await session.quit();
    return { step: 'login', result: 'works', what: `${server.login.user} can log in.` };
  }
  if (offers.mechanisms.length > 0) {
    const what = `It offers to log in with ${offers.mechanisms.join(', ')}.`;
    return { step: 'login', result: 'works', what };
  }
  return {
    step: 'login',
    result: 'note',
    what: 'It offers no way to log in.',
    next: 'A server for submission does: check that the port is one (587 or 465), and TLS.',
  };
}

function aboutSize({ maxSizeBytes }: PeerOffers): Finding {
  const what =
    maxSizeBytes === undefined
      ? 'It names no limit to the size of messages.'
      : `It takes messages of up to ${(maxSizeBytes / 1_000_000).toFixed(1)} MB.`;
  return { step: 'size', result: 'works', what };
}

function aboutOffers(offers: PeerOffers): Finding {
  const known = [
    offers.dsn && 'delivery notifications',
    offers.smtpUtf8 && 'international addresses',
    offers.eightBitMime && '8-bit content',
    offers.requireTls && 'TLS on the whole way',
    offers.pipelining && 'pipelining',
    offers.chunking && 'chunks',
  ].filter((word) => word !== false);
  const what = known.length === 0 ? 'It knows no extension.' : `It knows ${known.join(', ')}.`;
  return { step: 'extensions', result: 'works', what };
}
