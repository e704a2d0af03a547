import { createMemoryStore } from '@posthouse/queue';
import { describeStoreContract } from '@posthouse/queue/testing';

describeStoreContract('the memory store', async () => {
  const store = createMemoryStore();
  await store.start();
  return {
    store,
    async reopen() {
      await store.stop();
      await store.start();
      return store;
    },
    dispose: () => store.stop(),
  };
});
