/** One configuration file for the stack and for each agent alone. See README.md. */
export type { Configuration } from './configuration.ts';
export type { DeliveryConfiguration } from './delivery-section.ts';
export type { Alias, DirectoryConfiguration } from './directory-section.ts';
export type { DnsConfiguration } from './dns-section.ts';
export { parseDuration, parseSize } from './human.ts';
export type { ListenAddress } from './human.ts';
export { configurationJsonSchema } from './json-schema.ts';
export type { JsonSchema } from './json-schema.ts';
export type { ListenerLimits } from './limits.ts';
export type { LogConfiguration, LogLevel } from './log-section.ts';
export type { AgentLogins } from './logins.ts';
export type { NextHop, TlsMode } from './next-hop.ts';
export type {
  OutboundTlsConfiguration,
  OutboundTlsLevel,
  OutboundTlsRule,
  TlsReportsConfiguration,
} from './outbound-tls.ts';
export type { Problem } from './problem.ts';
export type { QueueConfiguration } from './queue-section.ts';
export { readConfiguration } from './read-configuration.ts';
export type { ConfigurationReading, ReadingOptions } from './read-configuration.ts';
export type { RelayConfiguration, RelayLimits } from './relay-section.ts';
export type { DomainRetry, RetryConfiguration } from './retry.ts';
export type { RelayHop } from './relay-hop.ts';
export type { Route } from './route.ts';
export type { HostLimits, SendingLimits } from './sending-limits.ts';
export type { TokenSource } from './token.ts';
export type { SourceAddresses } from './source-addresses.ts';
export type { Secret } from './secret.ts';
export type { SendmailConfiguration } from './sendmail-section.ts';
export type { ServerConfiguration } from './server-section.ts';
export type { SubmissionConfiguration, SubmissionLimits } from './submission-section.ts';
export type { Role } from './surroundings.ts';
export { settingsThatWait } from './waiting-settings.ts';
export type { TlsConfiguration } from './tls-section.ts';
