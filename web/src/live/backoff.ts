const FIRST_MS = 500;
const MOST_MS = 10_000;

/** How long to wait before the next try: longer with each in vain, and never the same for all pages at once. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return Math.min(MOST_MS, FIRST_MS * 2 ** failures) * (0.75 + random() / 2);
}
