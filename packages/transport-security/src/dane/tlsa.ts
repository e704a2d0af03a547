/**
 * TLSA records as SMTP uses them: which of them can be used at all. Pure.
 *
 * Usages 0 and 1 rest on authorities that no MX host and client agree on, and are not used
 * (RFC 7672 §3.1.3). Of digests of one usage and selector the strongest counts, so that a
 * weaker one that was broken cannot be put beside it (RFC 7671 §9).
 */
import type { TlsaRecord } from '@posthouse/dns';

export const DANE_TA = 2;
export const DANE_EE = 3;
export const WHOLE_CERTIFICATE = 0;
const PUBLIC_KEY = 1;
export const FULL = 0;
export const SHA2_256 = 1;
const SHA2_512 = 2;

const DIGEST_BYTES: ReadonlyMap<number, number> = new Map([
  [SHA2_256, 32],
  [SHA2_512, 64],
]);

/** The records that can be used, without digests that a stronger one makes needless. */
export function usableRecords(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  const usable = records.filter(isUsable);
  return usable.filter(
    ({ matchingType, selector, usage }) =>
      matchingType !== SHA2_256 ||
      !usable.some(
        (other) =>
          other.usage === usage && other.selector === selector && other.matchingType === SHA2_512,
      ),
  );
}

/** A record as zone files write it, the end of long data left out. */
export function tlsaText({ usage, selector, matchingType, certificate }: TlsaRecord): string {
  const hex = Buffer.from(certificate).toString('hex');
  return `${usage} ${selector} ${matchingType} ${hex.length > 128 ? `${hex.slice(0, 128)}...` : hex}`;
}

/** Equal for records that say the same. */
export function tlsaKey({ usage, selector, matchingType, certificate }: TlsaRecord): string {
  return `${usage} ${selector} ${matchingType} ${Buffer.from(certificate).toString('base64')}`;
}

function isUsable({ usage, selector, matchingType, certificate }: TlsaRecord): boolean {
  if (usage !== DANE_TA && usage !== DANE_EE) return false;
  if (selector !== WHOLE_CERTIFICATE && selector !== PUBLIC_KEY) return false;
  if (matchingType === FULL) return certificate.byteLength > 0;
  return DIGEST_BYTES.get(matchingType) === certificate.byteLength;
}
