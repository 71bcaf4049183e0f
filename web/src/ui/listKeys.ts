/** Where a key leads in a list of `count` rows from `active` (-1 for none); null if it leads nowhere. */
export function moveBy(key: string, active: number, count: number, page: number): number | null {
  if (count === 0) return null;
  const to = (index: number): number => Math.max(0, Math.min(count - 1, index));
  switch (key) {
    case 'j':
    case 'ArrowDown':
      return to(active + 1);
    case 'k':
    case 'ArrowUp':
      return active < 0 ? 0 : to(active - 1);
    case 'PageDown':
      return to(active + page);
    case 'PageUp':
      return to(active - page);
    case 'Home':
    case 'g':
      return 0;
    case 'End':
    case 'G':
      return count - 1;
    default:
      return null;
  }
}
