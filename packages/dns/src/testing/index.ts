/** A real DNS server on loopback, for tests of everything that asks the DNS. */
export { createDnsServer } from './dns-server.ts';
export type { AskedQuestion, TestDnsServer } from './dns-server.ts';
export type { Fault } from './respond.ts';
export type { Zone, ZoneRecords, ZoneTlsa } from './zone.ts';
