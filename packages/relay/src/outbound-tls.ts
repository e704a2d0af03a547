/**
 * Transport security as the relay uses it: with its own resolver, its forbidden networks for
 * policy hosts, and its authorities.
 */
import type { Resolver } from '@posthouse/dns';
import type { Disk } from '@posthouse/durable-fs';
import type { Clock, Logger, Startable } from '@posthouse/mail';
import { createPolicyFetch, createTransportSecurity } from '@posthouse/transport-security';
import type {
  SubmitReport,
  TransportSecurity,
  TransportSecurityOptions,
} from '@posthouse/transport-security';
import { getCACertificates } from 'node:tls';
import { createGuard } from './guard.ts';
import type { Authorities, Guard } from './guard.ts';
import { createForbiddenNetworks } from './host-address.ts';

/** What can be set of TLS towards hosts found in DNS. */
export interface OutboundTlsOptions extends TransportSecurityOptions {
  /** Authorities to believe beside those that Node brings, PEM. */
  readonly authorities?: string | undefined;
  /** Port of MTA-STS policy hosts. @default 443 */
  readonly policyPort?: number | undefined;
}

/** The parts of the relay's options that count. */
export interface OutboundTlsSettings {
  readonly tls?: OutboundTlsOptions | undefined;
  readonly forbiddenNetworks?: readonly string[] | undefined;
}

export interface OutboundTlsDeps {
  readonly resolver: Pick<Resolver, 'addresses' | 'alias' | 'tlsa' | 'txt'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state?: { readonly disk: Disk; readonly directory: string } | undefined;
  /** Takes TLS reports as messages of our own; absent: none is sent. */
  readonly submit?: SubmitReport | undefined;
}

/** Guards attempts. */
export interface OutboundTls extends Startable {
  readonly guard: Guard;
  readonly security: TransportSecurity;
  /** Takes new rules and authorities, for attempts to come; policy hosts are asked as before. */
  reload(settings: OutboundTlsSettings): void;
}

/** Makes it. */
export function createOutboundTls(
  { forbiddenNetworks, tls = {} }: OutboundTlsSettings,
  deps: OutboundTlsDeps,
): OutboundTls {
  let authorities: Authorities = { generation: 0, pem: tls.authorities };
  const https = {
    forbidden: createForbiddenNetworks(forbiddenNetworks),
    ...(tls.authorities !== undefined && {
      authorities: [...getCACertificates('default'), tls.authorities],
    }),
  };
  const { submit } = deps;
  const security = createTransportSecurity(tls, {
    ...deps,
    fetchPolicy: createPolicyFetch({ ...https, port: tls.policyPort }, deps),
    ...(submit && { reporting: { https, submit } }),
  });
  return {
    guard: createGuard({ security, clock: deps.clock, authorities: () => authorities }),
    security,
    start: () => security.start(),
    stop: () => security.stop(),
    reload({ tls: changed = {} }) {
      const { generation, pem } = authorities;
      const isOther = changed.authorities !== pem;
      authorities = {
        generation: isOther ? generation + 1 : generation,
        pem: changed.authorities,
      };
      security.reload(changed);
    },
  };
}
