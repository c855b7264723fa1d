/**
 * Works on the items in order with a few under way at once, and gives each with its result, in order. Whoever leaves the loop
 * waits for those under way; a failure ends it.
 */
export async function* ahead<Item, Out>(
  items: Iterable<Item>,
  count: number,
  work: (item: Item) => Promise<Out>,
): AsyncGenerator<readonly [item: Item, result: Out], void, undefined> {
  const underWay: { readonly item: Item; readonly result: Promise<Out> }[] = [];
  const rest = items[Symbol.iterator]();
  const start = (): void => {
    const next = rest.next();
    if (next.done === true) return;
    const result = work(next.value);
    // It may fail before its turn has come: then it is told when it has.
    result.catch(() => undefined);
    underWay.push({ item: next.value, result });
  };
  for (let started = 0; started < count; started++) start();
  try {
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) {
      const result = await first.result;
      start();
      yield [first.item, result];
    }
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
