/**
 * Works on the items of a sequence, a few at a time, and takes the next only when one is done.
 *
 * The first failure is thrown once what is under way has settled, so that nothing goes on
 * behind the caller's back, and no further item is taken.
 */
export async function concurrently<T>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    try {
      while (!failed) {
        const next = await iterator.next();
        if (next.done === true) return;
        await work(next.value);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const workers = Array.from({ length: width }, worker);
  const settled = await Promise.allSettled(workers);
  if (!failed) return;
  await iterator.return?.();
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
}
