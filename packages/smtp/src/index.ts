/** Mail over SMTP and LMTP: the listener, and what decides about its sessions. */
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
