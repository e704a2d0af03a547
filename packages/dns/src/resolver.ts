/**
 * The resolver: what mail asks of the DNS.
 *
 * Answers are facts; everything else is thrown as `DnsError` and transient. Names
 * are asked for as they stand, without search domains. Nothing is sent before
 * `start` or after `stop`.
 *
 * RFC 5321 §5.1 (MX), RFC 6698 (TLSA), RFC 6761 §6.3 (localhost).
 */
import type { Clock, Domain, Logger, Startable } from '@posthouse/mail';
import type { Answer, MxRecord, TlsaRecord } from './answer.ts';
import { createAsker } from './ask.ts';
import type { Finding } from './cache.ts';
import { DnsError } from './error.ts';
import { Lookups } from './lookup.ts';
import { queryName, reverseName, specialName } from './names.ts';
import { resolveOptions } from './options.ts';
import type { ResolvedOptions, ResolverOptions } from './options.ts';
import { A, AAAA, CNAME, MX, PTR, TLSA, TXT } from './readers.ts';
import type { RecordReader } from './readers.ts';
import { ServerList } from './server-list.ts';

/** Looks names up. Each verb throws DnsError (transient), or the signal's reason when it is aborted. */
export interface Resolver {
  /** In no order; the caller sorts and shuffles. */
  mx(domain: Domain, signal?: AbortSignal): Promise<Answer<MxRecord>>;
  /** IPv4 or IPv6 addresses in text. */
  addresses(domain: Domain, family: 4 | 6, signal?: AbortSignal): Promise<Answer<string>>;
  /** One text per record, its strings joined. */
  txt(name: string, signal?: AbortSignal): Promise<Answer<string>>;
  /** The name with port and transport: `_25._tcp.mx1.example.test`. */
  tlsa(name: string, signal?: AbortSignal): Promise<Answer<TlsaRecord>>;
  /** Where the name itself leads as an alias, if it is one; the target is not asked about. */
  alias(name: string, signal?: AbortSignal): Promise<Answer<Domain>>;
  /** The names of an IP address. They are claims: look them up and compare. @throws TypeError */
  ptr(address: string, signal?: AbortSignal): Promise<Answer<Domain>>;
}

/** What a resolver works with. */
export interface ResolverDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Makes a resolver.
 * @throws RangeError for options that make no sense
 * @example
 * const resolver = createResolver({}, { clock: systemClock, logger: silentLogger });
 * await resolver.start();
 * const answer = await resolver.mx(domain);
 */
export function createResolver(options: ResolverOptions, deps: ResolverDeps): Resolver & Startable {
  const resolved = resolveOptions(options);
  const servers = new ServerList(options.servers, resolved.serverRestMs, deps.clock);
  return new CachingResolver(resolved, { ...deps, servers });
}

class CachingResolver implements Resolver, Startable {
  readonly #options: ResolvedOptions;
  readonly #deps: ResolverDeps & { readonly servers: ServerList };
  #lookups: Lookups | undefined;

  constructor(options: ResolvedOptions, deps: ResolverDeps & { readonly servers: ServerList }) {
    this.#options = options;
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const ask = createAsker(this.#options, this.#deps);
    this.#lookups ??= new Lookups(this.#options, { ...this.#deps, ask });
  }

  async stop(): Promise<void> {
    const lookups = this.#lookups;
    this.#lookups = undefined;
    await lookups?.stop();
  }

  mx(domain: Domain, signal?: AbortSignal): Promise<Answer<MxRecord>> {
    return this.#resolve(MX, domain, signal);
  }

  addresses(domain: Domain, family: 4 | 6, signal?: AbortSignal): Promise<Answer<string>> {
    return this.#resolve(family === 4 ? A : AAAA, domain, signal);
  }

  txt(name: string, signal?: AbortSignal): Promise<Answer<string>> {
    return this.#resolve(TXT, name, signal);
  }

  tlsa(name: string, signal?: AbortSignal): Promise<Answer<TlsaRecord>> {
    return this.#resolve(TLSA, name, signal);
  }

  alias(name: string, signal?: AbortSignal): Promise<Answer<Domain>> {
    return this.#resolve(CNAME, name, signal);
  }

  async ptr(address: string, signal?: AbortSignal): Promise<Answer<Domain>> {
    return this.#resolve(PTR, reverseName(address), signal);
  }

  async #resolve<R>(
    reader: RecordReader<R>,
    text: string,
    signal: AbortSignal | undefined,
  ): Promise<Answer<R>> {
    if (this.#lookups === undefined) throw new DnsError('stopped', 'the resolver is not running');
    const name = queryName(text);
    if (name === undefined) return { kind: 'no-such-domain', secure: false, name: text };
    const finding =
      withoutAsking(reader, name) ??
      (await this.#lookups.find({ name, type: reader.type }, signal));
    return answerOf(reader, finding);
  }
}

function withoutAsking<R>(reader: RecordReader<R>, name: string): Finding | undefined {
  const special = specialName(name);
  if (special === undefined) return undefined;
  const fact = { name, secure: false, records: [], ttlMs: 0, sizeBytes: 0 };
  if (special === 'no-such-domain') return { ...fact, kind: 'no-such-domain' };
  const data = reader.type === 'A' ? '127.0.0.1' : '::1';
  return reader.type === 'A' || reader.type === 'AAAA'
    ? { ...fact, kind: 'records', records: [{ type: reader.type, name, data }] }
    : { ...fact, kind: 'empty' };
}

function answerOf<R>(reader: RecordReader<R>, finding: Finding): Answer<R> {
  const { kind, secure, name } = finding;
  if (kind !== 'records') return { kind, secure, name };
  const records: R[] = [];
  const unusable: string[] = [];
  for (const record of finding.records) {
    const usable = reader.read(record);
    if (usable === undefined) unusable.push(reader.show(record));
    else records.push(usable);
  }
  return { kind, secure, name, records, unusable };
}
