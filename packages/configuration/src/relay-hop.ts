/** A host that the relay hands other domains' mail to: a next hop, and where we come from. */
import type { z } from 'zod';
import { nextHopOf, nextHopRule, nextHopShape } from './next-hop.ts';
import type { NextHop, NextHopKeys } from './next-hop.ts';
import { strictTable } from './rule.ts';
import type { Breach, OptionalShape, RawTable } from './rule.ts';
import { sourceField } from './source-addresses.ts';
import type { SourceAddresses } from './source-addresses.ts';
import type { Surroundings } from './surroundings.ts';

export interface RelayHop extends NextHop {
  /** Where our connections come from. @default relay.source_addresses */
  readonly source?: SourceAddresses;
}

/** The keys of such a host, as they were read. */
export interface RelayHopKeys extends NextHopKeys {
  readonly source_addresses?: SourceAddresses | undefined;
}

/** The table of such a host. */
export function relayHopField(around: Surroundings): z.ZodType<RelayHop> {
  return strictTable(relayHopShape(around), relayHopRule).transform((table) =>
    relayHopOf(table, around),
  );
}

/** Fields for the keys. */
export function relayHopShape(around: Surroundings): OptionalShape<RelayHopKeys> {
  return { ...nextHopShape(around), source_addresses: sourceField().optional() };
}

export function relayHopRule(table: RawTable): readonly Breach[] {
  return nextHopRule(table);
}

export function relayHopOf(table: RelayHopKeys, around: Surroundings): RelayHop {
  const { source_addresses: source } = table;
  return { ...nextHopOf(table, around), ...(source === undefined ? {} : { source }) };
}
