/**
 * What a configuration says that is well written and does harm all the same: a certificate that
 * keeps an agent from starting, or that no client will take, and a relay for everybody.
 */
import { X509Certificate } from 'node:crypto';
import type { Configuration } from '@posthouse/configuration';
import { readCertificate } from '@posthouse/process';

/** What is wrong with each, in a sentence. */
export async function unsoundSettings(
  { relay, tls }: Configuration,
  now: number,
): Promise<readonly string[]> {
  const open = relay.trustedNetworks.filter((network) => network.endsWith('/0'));
  return [
    ...(await certificateFaults(tls.certificate, now)),
    ...open.map(
      (network) =>
        `relay.trusted_networks has ${network}: everybody who can connect may send to anybody; name your own networks`,
    ),
  ];
}

async function certificateFaults(
  place: Configuration['tls']['certificate'],
  now: number,
): Promise<readonly string[]> {
  if (place === undefined) return [];
  try {
    const { validToDate } = new X509Certificate((await readCertificate(place)).cert);
    if (validToDate.getTime() > now) return [];
    return [`${place.certificateFile} was valid until ${validToDate.toISOString().slice(0, 10)}`];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
