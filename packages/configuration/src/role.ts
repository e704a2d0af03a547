/**
 * Rules between sections: what an agent needs when it runs alone, and what must not meet
 * when all run in one process.
 *
 * A section that has mistakes of its own is seen here with its keys as they are written.
 */
import { missingAt } from './rule.ts';
import type { Breach, RawTable } from './rule.ts';
import type { Role } from './surroundings.ts';
import { valueAt } from './surroundings.ts';

const LISTENERS: readonly (readonly [section: string, read: string, written: string])[] = [
  ['submission', 'listen', 'listen'],
  ['submission', 'listenTls', 'listen_tls'],
  ['relay', 'listen', 'listen'],
  ['delivery', 'listen', 'listen'],
];

/** In one process no two listeners may have one address. */
export function listenRule(root: RawTable): readonly Breach[] {
  const breaches: Breach[] = [];
  const taken = new Map<string, string>();
  for (const [section, read, written] of LISTENERS) {
    const address = valueAt(root, [section, read]) ?? valueAt(root, [section, written]);
    if (typeof address !== 'object' || address === null) continue;
    if (valueAt(address, ['port']) === 0) continue; // any port that is free
    const place = JSON.stringify(Object.values(address));
    const other = taken.get(place);
    if (other !== undefined) {
      const text = `${section}.${written} and ${other} are the same address`;
      breaches.push({ path: [section, written], text, fix: 'Give one of them another port' });
    }
    taken.set(place, `${section}.${written}`);
  }
  return breaches;
}

/** What an agent needs that has no others beside it. */
export function aloneRule(root: RawTable, role: Exclude<Role, 'stack'>): readonly Breach[] {
  const lacks = (section: string, ...keys: readonly string[]): boolean =>
    keys.every((key) => valueAt(root, [section, key]) === undefined);
  const breaches: Breach[] = [];
  if (role === 'submission' && lacks('submission', 'nextHop', 'next_hop')) {
    const example = '{ host = "relay.example.com", port = 2525 }';
    const because = 'submission alone needs a relay that takes the mail';
    breaches.push(missingAt(['submission', 'next_hop'], example, because));
  }
  if (role === 'submission' && lacks('tls', 'certificate', 'certificate_file', 'key_file')) {
    const because = 'submission takes passwords under TLS only (and needs key_file, too)';
    breaches.push(missingAt(['tls', 'certificate_file'], '"tls/fullchain.pem"', because));
  }
  const own = valueAt(root, ['domains', 'own']);
  if (role === 'relay' && lacks('relay', 'delivery') && Array.isArray(own) && own.length > 0) {
    const example = '{ host = "10.0.0.7", port = 2424 }';
    const because = 'the relay alone needs a delivery agent for our domains';
    breaches.push(missingAt(['relay', 'delivery'], example, because));
  }
  return breaches;
}
