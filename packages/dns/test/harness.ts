/** A resolver in front of test servers, stopped with them when the test ends. */
import { onTestFinished } from 'vitest';
import { silentLogger, startInOrder, stopInReverse } from '@posthouse/mail';
import type { LogFields, Logger, Startable } from '@posthouse/mail';
import { createManualClock } from '@posthouse/testkit';
import type { ManualClock } from '@posthouse/testkit';
import { createResolver } from '@posthouse/dns';
import type { Resolver, ResolverOptions } from '@posthouse/dns';
import { createDnsServer } from '@posthouse/dns/testing';
import type { Fault, TestDnsServer, Zone } from '@posthouse/dns/testing';

/** A started server. */
export async function startServer(
  zone: Zone,
  faults: Readonly<Record<string, Fault>> = {},
): Promise<TestDnsServer> {
  const server = createDnsServer(zone, faults);
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

export interface ResolverUnderTest {
  readonly resolver: Resolver & Startable;
  readonly clock: ManualClock;
  readonly events: readonly LogFields[];
}

/** A started resolver over servers, on a clock that stands still. */
export async function startResolver(
  servers: readonly TestDnsServer[],
  options: ResolverOptions = {},
): Promise<ResolverUnderTest> {
  const clock = createManualClock();
  const events: LogFields[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => void events.push(fields) };
  const addresses = servers.map((server) => server.address);
  const resolver = createResolver({ servers: addresses, ...options }, { clock, logger });
  await startInOrder([resolver]);
  onTestFinished(() => stopInReverse([resolver]));
  return { resolver, clock, events };
}
