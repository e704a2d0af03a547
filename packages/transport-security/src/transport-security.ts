/**
 * Transport security of outbound mail: what is published, remembered and set, put together
 * to one decision for each next host, and what became of it.
 *
 * The DNS and policy hosts are asked only as far as the decision may depend on them. What
 * is learnt is kept in the state directory and outlives a restart.
 */
import { join } from 'node:path';
import type { Resolver } from '@posthouse/dns';
import type { Disk } from '@posthouse/durable-fs';
import {
  isAddressLiteral,
  parseDomain,
  startInOrder,
  stopInReverse,
  systemClock,
} from '@posthouse/mail';
import type { Clock, Logger, MailDomain, RemoteHost, Startable, TlsFacts } from '@posthouse/mail';
import { findTlsa } from './dane/find.ts';
import type { DaneFinding } from './dane/finding.ts';
import { plainName } from './host-name.ts';
import { KnownTls } from './known-tls.ts';
import type { PolicyFetch } from './mta-sts/fetch.ts';
import type { StsFinding } from './mta-sts/finding.ts';
import { StsPolicies } from './mta-sts/policies.ts';
import { PolicyCache } from './mta-sts/policy-cache.ts';
import { tlsPolicyFor } from './policy.ts';
import type { PolicyFacts, TlsDecision, TlsWish } from './policy.ts';
import { ruleFor } from './rules.ts';
import type { FoundRule, TlsRules } from './rules.ts';
import { countedSession } from './reports/counted-session.ts';
import { Reporter } from './reports/reporter.ts';
import type { ReporterDeps } from './reports/reporter.ts';
import type { Submitter } from './reports/report.ts';
import { Tally } from './reports/tally.ts';
import type { DomainTally } from './reports/tally.ts';
import { createStateFile } from './state-file.ts';
import type { StateContent } from './state-file.ts';

/** What can be set. */
export interface TransportSecurityOptions {
  /** By the domain of the recipient. @default none */
  readonly rules?: TlsRules | undefined;
  /** @default true */
  readonly usesDane?: boolean | undefined;
  /** @default true */
  readonly usesMtaSts?: boolean | undefined;
  /** Whether TLS that breaks is left out where nothing demands it. @default true */
  readonly fallsBack?: boolean | undefined;
  /** Whether a host that offered TLS once must offer it always. @default false */
  readonly insistsOnKnownTls?: boolean | undefined;
  /** In whose name TLS reports are sent. @default none is sent */
  readonly reports?: Submitter | undefined;
}

export interface TransportSecurityDeps {
  readonly resolver: Pick<Resolver, 'addresses' | 'alias' | 'tlsa' | 'txt'>;
  readonly fetchPolicy: PolicyFetch;
  /** How reports leave; absent: they do not. */
  readonly reporting?: Pick<ReporterDeps, 'https' | 'submit'> | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where to keep what is learnt; absent: in memory alone. */
  readonly state?: { readonly disk: Disk; readonly directory: string } | undefined;
}

/** A host that mail for a domain may go to, as the DNS names it. */
export interface Destination {
  /** The domain of the recipients. */
  readonly domain: MailDomain;
  /** The name of the host: of the MX record, or the domain itself. */
  readonly host: string;
  readonly port: number;
  /** Whether DNSSEC vouches for the way from the domain to the host. */
  readonly hostIsSigned: boolean;
}

/** A decision, with what it was made of. */
export interface Decided {
  readonly destination: Destination;
  readonly decision: TlsDecision;
  readonly facts: PolicyFacts;
}

/** What a connection showed, or why there was none. */
export interface TlsExperience {
  readonly host: RemoteHost;
  /** Our own address. */
  readonly localAddress?: string;
  /** Absent: in the clear, or given up. */
  readonly tls?: TlsFacts;
  /** In the words of RFC 8460 §4.3; absent: all is as it was wanted. */
  readonly fault?: { readonly kind: string; readonly reason: string };
}

export interface TransportSecurity extends Startable {
  /** How to speak to the host. @throws the signal's reason */
  decide(destination: Destination, wish: TlsWish, signal?: AbortSignal): Promise<Decided>;
  /** Takes note of a connection that was made by a decision, or of a host that was avoided. */
  note(decided: Decided, experience: TlsExperience): void;
  /** What is counted for reports, by day and domain, and not reported yet. */
  tally(): readonly DomainTally[];
  /** Takes new settings, for decisions to come. */
  reload(options: TransportSecurityOptions): void;
}

const TALLY_FILE = 'tls-tally.json';

/** What is counted for reports, as it was kept last; for when nothing runs. */
export async function readTally(
  state: NonNullable<TransportSecurityDeps['state']>,
  logger: Logger,
): Promise<readonly DomainTally[]> {
  const tally = new Tally();
  const path = join(state.directory, TALLY_FILE);
  await createStateFile(path, tally, { ...state, clock: systemClock, logger }).start();
  return tally.domains();
}

/** Makes it. */
export function createTransportSecurity(
  options: TransportSecurityOptions,
  deps: TransportSecurityDeps,
): TransportSecurity {
  return new LearningSecurity(options, deps);
}

class LearningSecurity implements TransportSecurity {
  readonly #deps: TransportSecurityDeps;
  readonly #known: KnownTls;
  readonly #policies: StsPolicies;
  readonly #tally = new Tally();
  readonly #parts: readonly Startable[];
  #options: TransportSecurityOptions;

  constructor(options: TransportSecurityOptions, deps: TransportSecurityDeps) {
    this.#options = options;
    this.#deps = deps;
    const { fetchPolicy: fetch, reporting, state } = deps;
    const files: Startable[] = [];
    const keep = (name: string, content: StateContent): (() => void) => {
      if (state === undefined) return () => undefined;
      const file = createStateFile(join(state.directory, name), content, { ...deps, ...state });
      files.push(file);
      return () => file.changed();
    };
    this.#known = new KnownTls();
    this.#known.onChange = keep('known-tls.json', this.#known);
    const cache = new PolicyCache();
    cache.onChange = keep('mta-sts.json', cache);
    this.#policies = new StsPolicies({ ...deps, cache, fetch });
    this.#tally.onChange = keep(TALLY_FILE, this.#tally);
    const submitter = (): Submitter | undefined => this.#options.reports;
    const reporter =
      reporting && new Reporter(submitter, { ...deps, ...reporting, tally: this.#tally });
    this.#parts = [...files, this.#policies, ...(reporter ? [reporter] : [])];
  }

  start(): Promise<void> {
    return startInOrder(this.#parts);
  }

  stop(): Promise<void> {
    return stopInReverse(this.#parts);
  }

  reload(options: TransportSecurityOptions): void {
    this.#options = options;
  }

  async decide(destination: Destination, wish: TlsWish, signal?: AbortSignal): Promise<Decided> {
    const { fallsBack = true, insistsOnKnownTls = false, rules = {} } = this.#options;
    const { domain, hostIsSigned } = destination;
    const host = plainName(destination.host);
    const rule = ruleFor(domain, rules);
    const [dane, sts] = await Promise.all([
      this.#findTlsa(destination, asksForDane(rule, wish, this.#options), signal),
      this.#findPolicy(domain, asksForSts(rule, wish, this.#options), signal),
    ]);
    const offeredTlsAt = this.#known.offeredAt(host, this.#deps.clock.now());
    const given = { host, wish, rule, hostIsSigned, offeredTlsAt, insistsOnKnownTls, fallsBack };
    const facts: PolicyFacts = { ...given, dane, sts };
    return { destination, decision: tlsPolicyFor(facts), facts };
  }

  tally(): readonly DomainTally[] {
    return this.#tally.domains();
  }

  note(decided: Decided, experience: TlsExperience): void {
    const now = this.#deps.clock.now();
    const session = countedSession(decided, experience);
    if (session !== undefined) this.#tally.count(session, now);
    this.#noteOffer(decided.destination, experience, now);
  }

  #noteOffer({ host }: Destination, { fault, tls }: TlsExperience, now: number): void {
    const { logger } = this.#deps;
    if (tls !== undefined) return this.#known.note(host, now);
    if (fault?.kind !== 'starttls-not-supported') return;
    const offeredAt = this.#known.offeredAt(host, now);
    if (offeredAt === undefined) return;
    const since = new Date(offeredAt).toISOString();
    logger.warn(
      { event: 'tls-withdrawn', host, offeredAt: since, reason: fault?.reason },
      'A host that offered TLS before has none now: it changed, or somebody sits in between',
    );
  }

  async #findTlsa(
    destination: Destination,
    asked: boolean,
    signal?: AbortSignal,
  ): Promise<DaneFinding> {
    const host = parseDomain(destination.host);
    const { domain } = destination;
    if (!asked || host === undefined || isAddressLiteral(domain)) return NO_DANE;
    return findTlsa({ ...destination, domain, host }, this.#deps.resolver, signal);
  }

  async #findPolicy(domain: MailDomain, asked: boolean, signal?: AbortSignal): Promise<StsFinding> {
    if (!asked || isAddressLiteral(domain)) return { kind: 'none' };
    return this.#policies.find(domain, signal);
  }
}

const NO_DANE: DaneFinding = { kind: 'none', because: 'DANE is not asked for' };

/** Whether the decision may depend on TLSA records. */
function asksForDane(
  rule: FoundRule | undefined,
  wish: TlsWish,
  { usesDane = true }: TransportSecurityOptions,
): boolean {
  if (rule !== undefined) return rule.level === 'dane';
  return usesDane && wish !== 'optional';
}

/** Whether the decision may depend on an MTA-STS policy. */
function asksForSts(
  rule: FoundRule | undefined,
  wish: TlsWish,
  { usesMtaSts = true }: TransportSecurityOptions,
): boolean {
  return usesMtaSts && (wish === 'required' || (rule === undefined && wish === 'ordinary'));
}
