/** DNS as mail needs it: MX, addresses, TXT, TLSA and PTR, cached, with the AD bit. */
export type { Answer, Empty, MxRecord, NoSuchDomain, Records, TlsaRecord } from './answer.ts';
export { DnsError } from './error.ts';
export type { DnsErrorKind } from './error.ts';
export { DEFAULT_OPTIONS } from './options.ts';
export type { ResolvedOptions, ResolverOptions } from './options.ts';
export { createResolver } from './resolver.ts';
export type { Resolver, ResolverDeps } from './resolver.ts';
