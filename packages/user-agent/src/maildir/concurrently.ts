/**
 * Works on the items of a sequence, a few at a time, and takes the next only when one is done.
 *
 * Results come as they are ready, in no order. The first failure is thrown once what is
 * under way has settled, so that nothing goes on behind the caller's back.
 */
export async function* concurrently<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const running = new Map<number, Promise<{ readonly key: number; readonly result: R }>>();
  let next = 0;
  const takeOne = async (): Promise<R> => {
    const { key, result } = await Promise.race(running.values());
    running.delete(key);
    return result;
  };
  try {
    for await (const item of items) {
      const key = next++;
      running.set(key, (async () => ({ key, result: await work(item) }))());
      if (running.size >= width) yield await takeOne();
    }
    while (running.size > 0) yield await takeOne();
  } finally {
    await Promise.allSettled(running.values());
  }
}
