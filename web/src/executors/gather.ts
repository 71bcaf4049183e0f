export interface Gathered<Item> {
  readonly first: Item;
  readonly count: number;
}

/** Like items as one, in the place of the first. */
export function gather<Item>(items: readonly Item[], likeness: (item: Item) => string): Gathered<Item>[] {
  const found = new Map<string, Gathered<Item>>();
  for (const item of items) {
    const key = likeness(item);
    const known = found.get(key);
    found.set(key, known ? { first: known.first, count: known.count + 1 } : { first: item, count: 1 });
  }
  return [...found.values()];
}
