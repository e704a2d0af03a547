/** The contract suite that every Store passes. */
export { describeStoreContract } from './store-contract.ts';
export type { CreateStore, StoreUnderTest } from './store-under-test.ts';
