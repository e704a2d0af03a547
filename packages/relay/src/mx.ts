/**
 * Which hosts take a domain's mail, and in which order to try them. Pure.
 *
 * By preference, shuffled within one preference. A host of the list that is ourselves
 * is left out with all hosts of the same or a worse preference: to send to those would
 * send the mail round. Without MX records the domain itself is the host.
 *
 * RFC 5321 §5.1; RFC 7505 (null MX).
 */
import type { Domain } from '@posthouse/mail';
import type { Answer, MxRecord } from '@posthouse/dns';

/** What the MX records say. */
export type MxChoice =
  | { readonly kind: 'hosts'; readonly hosts: readonly MxHost[] }
  | { readonly kind: 'null-mx' }
  | { readonly kind: 'no-such-domain' }
  /** We are the best host there is: the mail would go round. */
  | { readonly kind: 'ourselves' }
  /** There are records, and none of them can mean anything. */
  | { readonly kind: 'unusable'; readonly records: readonly string[] };

/** A host to try. */
export interface MxHost {
  readonly name: Domain;
  readonly preference: number;
}

/** Facts that the choice depends on. */
export interface MxFacts {
  readonly domain: Domain;
  /** Our own host names. */
  readonly ourNames: ReadonlySet<string>;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Chooses the hosts, the first to be tried first. */
export function chooseMx(answer: Answer<MxRecord>, facts: MxFacts): MxChoice {
  if (answer.kind === 'no-such-domain') return { kind: 'no-such-domain' };
  if (answer.kind === 'empty') {
    return { kind: 'hosts', hosts: [{ name: facts.domain, preference: 0 }] };
  }
  const { records } = answer;
  if (records.length === 1 && records[0]?.exchange === '.') return { kind: 'null-mx' };
  const hosts = records.flatMap(({ exchange, preference }) =>
    exchange === '.' ? [] : [{ exchange, preference, order: facts.random() }],
  );
  if (hosts.length === 0) return { kind: 'unusable', records: answer.unusable };
  const ours = hosts.filter((host) => facts.ourNames.has(host.exchange));
  const limit = Math.min(Infinity, ...ours.map((host) => host.preference));
  const better = hosts
    .filter((host) => host.preference < limit)
    .toSorted((a, b) => a.preference - b.preference || a.order - b.order);
  if (better.length === 0) return { kind: 'ourselves' };
  const once = new Map<Domain, MxHost>();
  for (const { exchange: name, preference } of better) {
    if (!once.has(name)) once.set(name, { name, preference });
  }
  return { kind: 'hosts', hosts: [...once.values()] };
}
