/**
 * Sends each domain that asks for it the report of a day that is over.
 *
 * Within some hours after midnight UTC, spread over the domains. A place that does not take
 * a report is tried again each hour for a day; then the report is dropped. Mail is handed to
 * our own queue, which does the rest. What nobody asks for is forgotten.
 *
 * RFC 8460 §3, §5.4 (HTTPS), §5.5 (retries).
 */
import { createHash } from 'node:crypto';
import type { Resolver } from '@posthouse/dns';
import { newTransactionId } from '@posthouse/mail';
import type { Clock, Logger, Mailbox, Startable, Timer } from '@posthouse/mail';
import { callHttps } from '../https-call.ts';
import type { HttpsAccess } from '../https-call.ts';
import { readReportPlaces, reportRecordName } from './report-record.ts';
import type { ReportPlace } from './report-record.ts';
import { composeReport, composeReportMessage } from './report.ts';
import type { Submitter, TlsReport } from './report.ts';
import type { DomainTally, Tally } from './tally.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Reports of a day leave within this time (RFC 8460 §4.1). */
const SPREAD_MS = 4 * HOUR_MS;
const GIVE_UP_AFTER_MS = DAY_MS;
const POST_DEADLINE_MS = 60_000;

/** Hands a message to our own queue. @throws why it was not taken */
export type SubmitReport = (message: {
  readonly from: Mailbox;
  readonly to: Mailbox;
  readonly bytes: Uint8Array;
}) => Promise<void>;

export interface ReporterDeps {
  readonly tally: Tally;
  readonly resolver: Pick<Resolver, 'addresses' | 'txt'>;
  readonly https: Omit<HttpsAccess, 'resolver'>;
  /** Takes a report as a message of our own. */
  readonly submit: SubmitReport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reports while it runs. */
export class Reporter implements Startable {
  readonly #deps: ReporterDeps;
  readonly #submitter: () => Submitter | undefined;
  #timer: Timer | undefined;
  #stopping = new AbortController();
  #working: Promise<void> = Promise.resolve();

  /** @param submitter who reports; `undefined` while nobody does */
  constructor(submitter: () => Submitter | undefined, deps: ReporterDeps) {
    this.#submitter = submitter;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
    this.#wait();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopping.abort(new Error('stopping'));
    await this.#working;
  }

  #wait(): void {
    this.#timer ??= this.#deps.clock.after(HOUR_MS, () => {
      this.#timer = undefined;
      this.#wait();
      this.#working = this.#working.then(() => this.#reportAll());
    });
  }

  /** One domain after the other: there is no hurry. */
  async #reportAll(): Promise<void> {
    const { clock, tally } = this.#deps;
    const submitter = this.#submitter();
    if (submitter === undefined) return;
    for (const counted of tally.domains()) {
      if (this.#stopping.signal.aborted) return;
      if (clock.now() < dueTime(counted)) continue;
      await this.#reportOne(counted, submitter);
    }
  }

  async #reportOne(counted: DomainTally, submitter: Submitter): Promise<void> {
    const { clock, logger, tally } = this.#deps;
    const { day, domain } = counted;
    try {
      const places = await this.#placesOf(domain);
      if (places.length > 0) await this.#handOver(composeReport(counted, submitter), places);
      tally.forget(counted);
      if (places.length === 0) return;
      logger.info({ event: 'tls-report-sent', domain, day }, 'A TLS report was handed over');
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const givesUp = clock.now() - dueTime(counted) >= GIVE_UP_AFTER_MS;
      if (givesUp) tally.forget(counted);
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn(
        { event: 'tls-report-failed', domain, day, reason, givesUp },
        'A TLS report could not be handed over',
      );
    }
  }

  /** @throws why no place has taken it */
  async #handOver(report: TlsReport, places: readonly ReportPlace[]): Promise<void> {
    const results = await Promise.allSettled(
      places.map((place) =>
        place.kind === 'mail' ? this.#mail(report, place.mailbox) : this.#post(report, place.url),
      ),
    );
    const [refused] = results.filter((result) => result.status === 'rejected');
    // Where one has taken it, to try again would give it to that one twice.
    if (refused !== undefined && !results.some(({ status }) => status === 'fulfilled')) {
      throw refused.reason;
    }
  }

  async #placesOf(domain: string): Promise<readonly ReportPlace[]> {
    const name = reportRecordName(domain);
    const answer = await this.#deps.resolver.txt(name, this.#stopping.signal);
    return answer.kind === 'records' ? readReportPlaces(answer.records) : [];
  }

  async #mail(report: TlsReport, to: Mailbox): Promise<void> {
    const { clock, submit } = this.#deps;
    const at = clock.now();
    const bytes = composeReportMessage(report, { to, id: newTransactionId(at), at });
    await submit({ from: report.from, to, bytes });
  }

  async #post({ gzip }: TlsReport, url: URL): Promise<void> {
    const { clock, https, resolver } = this.#deps;
    const deadline = new AbortController();
    const timer = clock.after(POST_DEADLINE_MS, () =>
      deadline.abort(new Error('it took too long')),
    );
    const signal = AbortSignal.any([deadline.signal, this.#stopping.signal]);
    const call = {
      host: url.hostname,
      port: url.port === '' ? 443 : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: { 'content-type': 'application/tlsrpt+gzip', 'content-length': String(gzip.length) },
      body: gzip,
    } as const;
    try {
      const response = await callHttps(call, { ...https, resolver }, signal);
      response.destroy(); // its words are nothing to us
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) throw new Error(`HTTP status ${statusCode}`);
    } finally {
      timer.cancel();
    }
  }
}

/** When a domain's report of a day is due: spread by the domain's name. */
function dueTime({ day, domain }: DomainTally): number {
  const spread = createHash('sha256').update(domain).digest().readUInt32BE(0) / 2 ** 32;
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS + Math.floor(spread * SPREAD_MS);
}
