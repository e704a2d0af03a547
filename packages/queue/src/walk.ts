/** All that a selection names, page by page, in the order of the store's lists. */
import type { QueueEntry, Selection, Store } from './store.ts';

const PAGE = 500;

/** Walks. What changes meanwhile may or may not be seen. @throws StoreError */
export async function* walk(
  store: Store,
  selection: Selection,
): AsyncGenerator<QueueEntry, void, void> {
  let page = await store.list(selection, { limit: PAGE });
  for (;;) {
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    const { message, index } = last.recipient;
    page = await store.list(selection, { limit: PAGE, after: { message, index } });
  }
}
