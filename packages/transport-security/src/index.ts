/** Who a mail host must prove to be: DANE, MTA-STS and rules by destination, and the reports of it. */
export { createAuthority, createServerCertificate } from './certificate/certificate.ts';
export type { CertificateRequest, KeyedCertificate } from './certificate/certificate.ts';
export type { CertificateFault, CertificateVerdict, PeerCertificates } from './certificates.ts';
export type { DaneFinding } from './dane/finding.ts';
export { identityOf } from './identity.ts';
export type { Identity } from './identity.ts';
export { createPolicyFetch, StsFetchError } from './mta-sts/fetch.ts';
export type { PolicyFetch, PolicyFetchDeps, PolicyFetchOptions } from './mta-sts/fetch.ts';
export type { StsFault, StsFinding, StsMode, StsPolicy } from './mta-sts/finding.ts';
export { tlsPolicyFor } from './policy.ts';
export type {
  PolicyFacts,
  TlsBasis,
  TlsDecision,
  TlsObstacle,
  TlsPolicy,
  TlsWish,
} from './policy.ts';
export { ruleFor } from './rules.ts';
export type { FoundRule, TlsLevel, TlsRule, TlsRules } from './rules.ts';
export type { Submitter } from './reports/report.ts';
export type { SubmitReport } from './reports/reporter.ts';
export type { CountedFailure, DomainTally, PolicyTally } from './reports/tally.ts';
export type { ReportedPolicy } from './reports/reported-policy.ts';
export { createTransportSecurity, readTally } from './transport-security.ts';
export type {
  Decided,
  Destination,
  TlsExperience,
  TransportSecurity,
  TransportSecurityDeps,
  TransportSecurityOptions,
} from './transport-security.ts';
