/**
 * Fetches the text of a domain's MTA-STS policy over HTTPS.
 *
 * The certificate must be of an authority that we believe and for the policy host. Nothing
 * but 200 with plain text counts; redirects are not followed; 64 KB and a minute are the
 * most it may take. The address is a stranger's word, so that one in a network that no
 * stranger may send us to is not called.
 *
 * RFC 8461 §3.3.
 */
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { Resolver } from '@posthouse/dns';
import { parseDomain } from '@posthouse/mail';
import type { Clock, Networks } from '@posthouse/mail';
import type { StsFault } from './finding.ts';

const MAX_POLICY_BYTES = 64 * 1024;
const DEADLINE_MS = 60_000;

/** Why there is no text. */
export class StsFetchError extends Error {
  override readonly name = 'StsFetchError';
  readonly fault: StsFault;

  constructor(fault: StsFault, text: string, cause?: unknown) {
    super(text, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}

/** The text of the policy of a domain. @throws StsFetchError */
export type PolicyFetch = (domain: string, signal?: AbortSignal) => Promise<string>;

export interface PolicyFetchOptions {
  /** @default 443 */
  readonly port?: number | undefined;
  /** Authorities to believe, PEM. @default those that Node brings */
  readonly authorities?: readonly string[] | undefined;
  /** Where no policy host may be. */
  readonly forbidden: Networks;
}

export interface PolicyFetchDeps {
  readonly resolver: Pick<Resolver, 'addresses'>;
  readonly clock: Clock;
}

/** Makes the fetcher. */
export function createPolicyFetch(options: PolicyFetchOptions, deps: PolicyFetchDeps): PolicyFetch {
  return async (domain, given) => {
    const deadline = new AbortController();
    const timer = deps.clock.after(DEADLINE_MS, () =>
      deadline.abort(new Error('it took too long')),
    );
    const signal =
      given === undefined ? deadline.signal : AbortSignal.any([given, deadline.signal]);
    try {
      return await textOf(await get(`mta-sts.${domain}`, { ...options, ...deps, signal }));
    } catch (error) {
      throw asFetchError(signal.aborted ? signal.reason : error);
    } finally {
      timer.cancel();
      deadline.abort(new Error('done')); // lets go of what is left of the connection
    }
  };
}

type Asking = PolicyFetchOptions & PolicyFetchDeps & { readonly signal: AbortSignal };

async function get(host: string, asking: Asking): Promise<IncomingMessage> {
  const { authorities, forbidden, port = 443, resolver, signal } = asking;
  const found = await findAddresses(host, resolver, signal);
  const usable = found.filter(({ address }) => !forbidden.includes(address));
  const [first] = usable;
  if (first === undefined) {
    throw new Error(found.length === 0 ? `${host} has no address` : `${host} may not be called`);
  }
  // The addresses are known: the lookup is our resolver's.
  const lookup: LookupFunction = (_, options, callback) =>
    options.all === true ? callback(null, usable) : callback(null, first.address, first.family);
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      host,
      port,
      path: '/.well-known/mta-sts.txt',
      servername: host,
      headers: { accept: 'text/plain' },
      agent: false,
      signal,
      minVersion: 'TLSv1.2',
      lookup,
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    };
    request(options, resolve).on('error', reject).end();
  });
}

async function findAddresses(
  host: string,
  resolver: Pick<Resolver, 'addresses'>,
  signal: AbortSignal,
): Promise<{ readonly address: string; readonly family: 4 | 6 }[]> {
  const domain = parseDomain(host);
  if (domain === undefined) return [];
  const answers = await Promise.allSettled(
    ([6, 4] as const).map(async (family) => {
      const answer = await resolver.addresses(domain, family, signal);
      const records = answer.kind === 'records' ? answer.records : [];
      return records.map((address) => ({ address, family }));
    }),
  );
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  for (const answer of answers) {
    if (found.length === 0 && answer.status === 'rejected') throw answer.reason;
  }
  return found;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const { statusCode, headers } = response;
  if (statusCode !== 200) {
    throw new StsFetchError('sts-policy-fetch-error', `HTTP status ${statusCode ?? 'unknown'}`);
  }
  const type = headers['content-type'] ?? '';
  if (!/^text\/plain[ \t]*(?:;|$)/i.test(type)) {
    throw new StsFetchError('sts-policy-invalid', `content type ${JSON.stringify(type)}`);
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response) {
    const octets = chunk as Buffer; // no encoding was set
    sizeBytes += octets.byteLength;
    if (sizeBytes > MAX_POLICY_BYTES) {
      throw new StsFetchError('sts-policy-invalid', `more than ${MAX_POLICY_BYTES} octets`);
    }
    chunks.push(octets);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function asFetchError(thrown: unknown): StsFetchError {
  if (thrown instanceof StsFetchError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = 'code' in error ? String(error.code) : '';
  const fault = isCertificateCode(code) ? 'sts-webpki-invalid' : 'sts-policy-fetch-error';
  return new StsFetchError(fault, code === '' ? error.message : `${code}: ${error.message}`, error);
}

/** The codes of OpenSSL's verification, and Node's for a wrong name. */
function isCertificateCode(code: string): boolean {
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' || /CERT|ISSUER|SIGNATURE|CRL/.test(code);
}
