/** Final delivery: from an address of ours into its Maildir. See README.md. */
export { createDeliveryAgent } from './agent.ts';
export type { DeliveryAccess, DeliveryAgent, DeliveryAgentOptions } from './agent.ts';
export { createDelivery } from './delivery.ts';
export type { Delivery, DeliveryDeps } from './delivery.ts';
export type { DeliveryOptions } from './options.ts';
export { deliveryOptions } from './settings.ts';
