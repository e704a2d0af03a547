/** Mail over SMTP and LMTP, in and out: the listener with its policy; sessions, their pool and the next hop. */
export { createAgentPolicy, isAgentSession, isOnThisHost } from './inbound/agent-access.ts';
export type { AgentAccess, AgentLogins } from './inbound/agent-access.ts';
export { createListener } from './inbound/listener.ts';
export type { Listener, ListenerDeps } from './inbound/listener.ts';
export { DEFAULT_LISTENER_LIMITS } from './inbound/listener-options.ts';
export type {
  BareLineEndings,
  ListenAddress,
  ListenerLimits,
  ListenerOptions,
  TlsCertificate,
} from './inbound/listener-options.ts';
export type {
  Credentials,
  SaslMechanism,
  SessionFacts,
  SessionPolicy,
} from './inbound/session-policy.ts';
export type { CertificateFacts } from './outbound/certificate-facts.ts';
export { connect } from './outbound/connect.ts';
export type { ConnectDeps } from './outbound/connect.ts';
export type {
  ConnectTarget,
  Endpoint,
  PeerCertificates,
  PeerIdentity,
  PeerVerdict,
  TargetAuthentication,
  TokenAuthentication,
  TargetTls,
} from './outbound/connect-target.ts';
export { createNextHop } from './outbound/next-hop.ts';
export type { NextHop, NextHopDeps, NextHopOptions } from './outbound/next-hop.ts';
export type { PeerLimits, PeerOffers } from './outbound/offers.ts';
export type { ClientSession } from './outbound/session.ts';
export type { OnTls, TlsOutcome } from './outbound/tls-outcome.ts';
export { RestingRoom } from './outbound/resting-room.ts';
export type { Rest, RestingRoomOptions } from './outbound/resting-room.ts';
export { createSessionPool } from './outbound/session-pool.ts';
export type { SessionPool, SessionPoolDeps, SessionPoolOptions } from './outbound/session-pool.ts';
export { CUT_THROUGH_TIMEOUTS, OUTBOUND_TIMEOUTS } from './outbound/timeouts.ts';
export type { OutboundTimeouts } from './outbound/timeouts.ts';
export type { OnLine, TranscriptLine } from './outbound/transcript.ts';
