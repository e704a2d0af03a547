/**
 * The contract of the Store interface, as a suite that every implementation runs.
 *
 * Each check has a store of its own. What an implementation cannot be made to do (have a
 * rival, say) it leaves out, and the suite says so by name as a skipped test.
 */
import { describe } from 'vitest';
import { describeAccept, describeContent } from './accept-contract.ts';
import { describeClaim, describeNextDue, describeRest } from './claim-contract.ts';
import { describeChanges, describeEvents } from './event-contract.ts';
import {
  describeConclude,
  describeLeases,
  describeRecover,
  describeSelected,
} from './lease-contract.ts';
import { describeLifecycle } from './lifecycle-contract.ts';
import { describeInterventions, describeLists } from './operate-contract.ts';
import { describeModel } from './model-contract.ts';
import { usingStores } from './store-under-test.ts';
import type { CreateStore } from './store-under-test.ts';

/** Registers the suite. */
export function describeStoreContract(name: string, create: CreateStore): void {
  const using = usingStores(create);
  describe(`${name} keeps the store's contract`, () => {
    describeAccept(using);
    describeContent(using);
    describeClaim(using);
    describeRest(using);
    describeNextDue(using);
    describeLeases(using);
    describeRecover(using);
    describeSelected(using);
    describeConclude(using);
    describeLists(using);
    describeInterventions(using);
    describeEvents(using);
    describeChanges(using);
    describeLifecycle(using);
    describeModel(using);
  });
}
