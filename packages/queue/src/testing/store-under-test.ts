/** What the store's contract suite needs of an implementation. */
import type { Store } from '../store.ts';

/** A store under test, started and empty. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Stops the store and opens the same data, as a process does that was started again. */
  reopen(): Promise<Store>;
  /** A second store on the same data, not started; absent where there can be none. */
  rival?(): Store;
  /**
   * Stops the store and marks the data as written by a version to come. Resolves with a store on
   * them, not started, and a way to see whether they change; absent where nothing is written.
   */
  fromTheFuture?(): Promise<{ readonly store: Store; fingerprint(): Promise<string> }>;
  /** Lets go of everything. */
  dispose(): Promise<void>;
}

/** Makes one for each check. */
export type CreateStore = () => Promise<StoreUnderTest>;

/** Runs a check on a store of its own. */
export type Using = (check: (under: StoreUnderTest) => Promise<void>) => Promise<void>;

export function usingStores(create: CreateStore): Using {
  return async (check) => {
    const under = await create();
    try {
      await check(under);
    } finally {
      await under.dispose();
    }
  };
}
