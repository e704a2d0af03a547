/** Final delivery: from an address of ours into its Maildir. See README.md. */
export { createDelivery } from './delivery.ts';
export type { Delivery, DeliveryDeps } from './delivery.ts';
export type { DeliveryOptions } from './options.ts';
