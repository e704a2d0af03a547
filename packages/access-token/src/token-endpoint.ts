/**
 * An access token by a refresh token from an OAuth 2 token endpoint.
 *
 * Over HTTPS alone (HTTP on this host's loopback, for tests), without redirects, within a time and
 * a size. Secrets are read at each request, so that they can change.
 *
 * RFC 6749 §6 (refresh), §2.3.1 (client password), §5 (answers).
 */
import { Readable } from 'node:stream';
import { isThisHost } from '@posthouse/mail';
import { readTokenAnswer } from './token-answer.ts';
import type { TokenAnswer } from './token-answer.ts';

export interface TokenEndpoint {
  readonly kind: 'endpoint';
  readonly url: string;
  readonly clientId: string;
  /** Absent for public clients. */
  clientSecret?(): Promise<string>;
  refreshToken(): Promise<string>;
  readonly scope?: string;
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 65_536;

/** Asks. @throws Error that may be shown */
export async function askEndpoint(endpoint: TokenEndpoint): Promise<TokenAnswer> {
  const { clientId, scope, timeoutMs } = endpoint;
  const url = new URL(endpoint.url);
  if (!isPrivate(url)) throw new Error(`the token endpoint ${url.host} is not asked without TLS`);
  const secret = await endpoint.clientSecret?.();
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: await endpoint.refreshToken(),
    client_id: clientId,
    ...(secret !== undefined && { client_secret: secret }),
    ...(scope !== undefined && { scope }),
  });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { method: 'POST', body, redirect: 'error', signal });
    const answer = readTokenAnswer(await textOf(response));
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return answer;
  } catch (error) {
    const why = error instanceof Error ? reasonOf(error) : String(error);
    throw new Error(`the token endpoint ${url.host} gives no token: ${why}`);
  }
}

function isPrivate({ hostname, protocol }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isThisHost(hostname));
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> = response.body ?? Readable.from([]);
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error('its answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What the network said: fetch itself says only that it failed. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
