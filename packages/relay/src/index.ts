/** The relay: who may relay, what an address means, where mail goes next. */
export { createForbiddenNetworks, createOwnAddresses } from './host-address.ts';
export { createIngress } from './ingress.ts';
export type { IngressDeps, IngressOptions } from './ingress.ts';
export { admitRecipient, mayRelay } from './admission.ts';
export type { Admission, AdmissionDeps } from './admission.ts';
export { createRecipientCheck } from './recipient-check.ts';
export type {
  RecipientCheck,
  RecipientCheckDeps,
  RecipientCheckOptions,
} from './recipient-check.ts';
export { decideRoute, laneOf } from './route.ts';
export type {
  HostRoute,
  OutboundRoute,
  RoutedSender,
  Route,
  RouteHost,
  RoutingDecision,
  RoutingRule,
  RoutingTable,
  SourceAddresses,
} from './route.ts';
export { createRoutingTable } from './routing-table.ts';
export { createPaceRules, limitsOfHost } from './pace.ts';
export type { HostLimits, PaceRules, SendingLimits } from './pace.ts';
export { siteOfHosts, Sites } from './sites.ts';
export { createTransmission } from './transmission.ts';
export type { TransmissionDeps } from './transmission.ts';
export { createNextHosts } from './next-hosts.ts';
export type {
  NextHost,
  NextHosts,
  NextHostsDeps,
  NextHostsOptions,
  OnwardRoute,
} from './next-hosts.ts';
export { createOutboundTls } from './outbound-tls.ts';
export type {
  OutboundTls,
  OutboundTlsDeps,
  OutboundTlsOptions,
  OutboundTlsSettings,
} from './outbound-tls.ts';
export { destinationOf } from './guard.ts';
export type { Guard } from './guard.ts';
export { probeHost } from './probe.ts';
export type { ProbeDeps, ProbedHost } from './probe.ts';
export { createWayOut } from './way-out.ts';
export type { WayOut, WayOutDeps } from './way-out.ts';
export { chooseMx } from './mx.ts';
export type { MxChoice, MxFacts } from './mx.ts';
export { createRelay } from './relay.ts';
export type { Relay, RelayDeps, RelayOptions } from './relay.ts';
export { createQueueStore } from './queue-store.ts';
export type { Operation } from './operation/operation.ts';
export type { QueueVerb } from './operation/queue-verbs.ts';
export type { OrderedEvent, ToldEvent } from './operation/event-order.ts';
export type {
  ListedRecipient,
  ShownEnvelope,
  ShownRate,
  ShownRecipient,
  ShownSite,
  SummarizedDomain,
  TracedEvent,
} from './operation/queue-views.ts';
export type { OrderFields } from './operation/selection-fields.ts';
export { createStandingQueue } from './operation/standing-queue.ts';
export type { StandingQueue, StandingQueueDeps } from './operation/standing-queue.ts';
export { relayOptions } from './settings.ts';
export type { SettingFiles } from './settings.ts';
