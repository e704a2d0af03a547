/**
 * Looks at a host as an attempt would meet it: connects, says EHLO, has TLS as it must be and
 * logs in where we would, and leaves before MAIL. No mail is named, nothing is counted.
 *
 * Never rejects but for the caller's signal: a host that is out of reach is what was found.
 */
import { asMailError, NO_PARAMS, silentLogger } from '@posthouse/mail';
import type { Clock, Domain, MailError, RemoteHost, TlsFacts } from '@posthouse/mail';
import { connect } from '@posthouse/smtp';
import type { CertificateFacts, ConnectTarget, PeerOffers, TranscriptLine } from '@posthouse/smtp';
import type { Guard } from './guard.ts';
import type { NextHost } from './next-hosts.ts';
import { targetOf } from './peers.ts';

/** What was found. */
export interface ProbedHost {
  readonly host: RemoteHost;
  /** All that was said, logins left out. */
  readonly transcript: readonly TranscriptLine[];
  /** Absent: mail could go there. */
  readonly refusal?: MailError;
  readonly offers?: PeerOffers;
  /** Absent in the clear. */
  readonly tls?: TlsFacts;
  readonly certificate?: CertificateFacts;
}

export interface ProbeDeps {
  readonly guard: Guard;
  readonly clock: Clock;
}

/** Somebody waits for the answer, and nothing hangs on it. */
const IMPATIENT: NonNullable<ConnectTarget['timeouts']> = {
  connectMs: 10_000,
  greetingMs: 30_000,
  commandMs: 30_000,
  tlsMs: 15_000,
};

/** Looks. @throws what the signal says */
export async function probeHost(
  host: NextHost,
  greeting: Domain,
  { clock, guard }: ProbeDeps,
  signal?: AbortSignal,
): Promise<ProbedHost> {
  const transcript: TranscriptLine[] = [];
  const onLine = (line: TranscriptLine): void => void transcript.push(line);
  try {
    const secured = await guard(host, { params: NO_PARAMS }, signal);
    const target = { ...targetOf(host, greeting, secured), timeouts: IMPATIENT };
    const session = await connect(target, { clock, logger: silentLogger, onLine }, signal);
    const { offers, peer, tls } = session;
    const certificate = session.certificate();
    await session.quit();
    return {
      host: peer,
      transcript,
      offers,
      ...(tls && { tls }),
      ...(certificate && { certificate }),
    };
  } catch (error) {
    signal?.throwIfAborted();
    const refusal = asMailError(error);
    return { host: refusal.host ?? { name: host.name }, transcript, refusal };
  }
}
