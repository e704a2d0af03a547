/**
 * Fetches the text of a domain's MTA-STS policy over HTTPS.
 *
 * The certificate must be of an authority that we believe and for the policy host. Nothing
 * but 200 with plain text counts; redirects are not followed; 64 KB and a minute are the
 * most it may take.
 *
 * RFC 8461 §3.3.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@posthouse/mail';
import { callHttps } from '../https-call.ts';
import type { HttpsAccess } from '../https-call.ts';
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

export interface PolicyFetchOptions extends Omit<HttpsAccess, 'resolver'> {
  /** @default 443 */
  readonly port?: number | undefined;
}

export interface PolicyFetchDeps extends Pick<HttpsAccess, 'resolver'> {
  readonly clock: Clock;
}

/** Makes the fetcher. */
export function createPolicyFetch(options: PolicyFetchOptions, deps: PolicyFetchDeps): PolicyFetch {
  const { port = 443 } = options;
  return async (domain, given) => {
    const deadline = new AbortController();
    const timer = deps.clock.after(DEADLINE_MS, () =>
      deadline.abort(new Error('it took too long')),
    );
    const signal =
      given === undefined ? deadline.signal : AbortSignal.any([given, deadline.signal]);
    const call = {
      host: `mta-sts.${domain}`,
      port,
      path: '/.well-known/mta-sts.txt',
      method: 'GET',
      headers: { accept: 'text/plain' },
    } as const;
    try {
      return await textOf(await callHttps(call, { ...options, ...deps }, signal));
    } catch (error) {
      throw asFetchError(signal.aborted ? signal.reason : error);
    } finally {
      timer.cancel();
      deadline.abort(new Error('done')); // lets go of what is left of the connection
    }
  };
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
