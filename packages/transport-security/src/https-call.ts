/**
 * One HTTPS request to a host that a stranger named.
 *
 * Its addresses come from our own resolver, and one in a network that no stranger may send
 * us to is not called. The certificate must be of an authority that we believe and for the
 * host. Redirects are the caller's to refuse; the signal ends it at any time.
 */
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { Resolver } from '@posthouse/dns';
import { parseDomain } from '@posthouse/mail';
import type { Networks } from '@posthouse/mail';

/** How hosts are found and believed. */
export interface HttpsAccess {
  readonly resolver: Pick<Resolver, 'addresses'>;
  /** Where no host may be. */
  readonly forbidden: Networks;
  /** Authorities to believe, PEM. @default those that Node brings */
  readonly authorities?: readonly string[] | undefined;
}

export interface HttpsCall {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Calls; the body of the response is not read yet. @throws Error why there is none */
export async function callHttps(
  call: HttpsCall,
  access: HttpsAccess,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { body, host, ...what } = call;
  const found = await findAddresses(host, access.resolver, signal);
  const usable = found.filter(({ address }) => !access.forbidden.includes(address));
  const [first] = usable;
  if (first === undefined) {
    throw new Error(found.length === 0 ? `${host} has no address` : `${host} may not be called`);
  }
  // The addresses are known: the lookup is our resolver's.
  const lookup: LookupFunction = (_, options, callback) =>
    options.all === true ? callback(null, usable) : callback(null, first.address, first.family);
  const options: RequestOptions = {
    ...what,
    host,
    servername: host,
    agent: false,
    signal,
    minVersion: 'TLSv1.2',
    lookup,
    ...(access.authorities === undefined ? {} : { ca: [...access.authorities] }),
  };
  return new Promise((resolve, reject) => {
    request(options, resolve).on('error', reject).end(body);
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
