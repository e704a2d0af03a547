/**
 * Finds the TLSA records of a mail host.
 *
 * Only what DNSSEC vouches for from the MX record on counts. A host whose addresses are not
 * signed is not asked about at all: some servers of such zones fail at TLSA, and that would
 * stop the mail (RFC 7672 §2.2.2). An alias has the records of where it leads, else its own.
 *
 * RFC 7672 §2.2 (destinations), §2.2.3 (base domain), §2.1.1 (trouble is no "no").
 */
import { DnsError } from '@posthouse/dns';
import type { Answer, Resolver, TlsaRecord } from '@posthouse/dns';
import type { Domain } from '@posthouse/mail';
import type { DaneFinding } from './finding.ts';
import { tlsaText, usableRecords } from './tlsa.ts';

/** A host that a domain's mail may go to. */
export interface DaneSubject {
  readonly host: Domain;
  readonly port: number;
  /** The domain of the mail. */
  readonly domain: Domain;
  /** Whether DNSSEC vouches for the way from the domain to the host. */
  readonly hostIsSigned: boolean;
}

export type DaneResolver = Pick<Resolver, 'addresses' | 'alias' | 'tlsa'>;

/** Finds. @throws the signal's reason */
export async function findTlsa(
  subject: DaneSubject,
  resolver: DaneResolver,
  signal?: AbortSignal,
): Promise<DaneFinding> {
  if (!subject.hostIsSigned) return none('DNSSEC does not vouch for the mail hosts');
  try {
    const bases = await baseDomains(subject.host, resolver, signal);
    for (const base of bases) {
      const name = `_${subject.port}._tcp.${base}`;
      const answer = await resolver.tlsa(name, signal);
      const finding = findingOf(answer, name, [...new Set([base, subject.host, subject.domain])]);
      if (finding !== undefined) return finding;
    }
    const why = bases.length === 0 ? 'its addresses are not signed' : 'it has no TLSA records';
    return none(`${subject.host}: ${why}`);
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return { kind: 'trouble', because: `the DNS does not tell: ${error.message}` };
  }
}

/** The names to look for records at, in their order; none where nothing is signed. */
async function baseDomains(
  host: Domain,
  resolver: DaneResolver,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const [four, six] = await Promise.allSettled([
    resolver.addresses(host, 4, signal),
    resolver.addresses(host, 6, signal),
  ]);
  const answers = [four, six].flatMap((answer) =>
    answer.status === 'fulfilled' ? [answer.value] : [],
  );
  const [first] = answers;
  if (first === undefined) throw four.status === 'rejected' ? four.reason : new TypeError();
  const isSigned = answers.every(({ secure }) => secure);
  if (isSigned) return [...new Set([first.name, host])];
  if (first.name === host) return [];
  // An alias under signature that leads out of it: its own name still counts.
  const alias = await resolver.alias(host, signal);
  return alias.secure ? [host] : [];
}

function findingOf(
  answer: Answer<TlsaRecord>,
  name: string,
  names: readonly string[],
): DaneFinding | undefined {
  if (!answer.secure || answer.kind !== 'records') return undefined;
  const records = usableRecords(answer.records);
  return records.length === 0
    ? { kind: 'unusable', because: `TLSA of ${name}: none can be used` }
    : {
        kind: 'records',
        records,
        names,
        because: `TLSA of ${name}: ${records.map(tlsaText).join('; ')}`,
      };
}

function none(because: string): DaneFinding {
  return { kind: 'none', because };
}
