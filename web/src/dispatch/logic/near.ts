/** The box to go to with an arrow key. */
import type { Placed } from './layout';

export type Arrow = 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight';

const STEPS: Readonly<Record<Arrow, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** What is aside counts this much more than what is ahead. */
const ASIDE = 2;

export function isArrow(key: string): key is Arrow {
  return key in STEPS;
}

export function nearest(boxes: readonly Placed[], from: string, arrow: Arrow): string | null {
  const start = boxes.find((box) => box.id === from);
  if (!start) return null;
  const [dx, dy] = STEPS[arrow];
  let best: { id: string; cost: number } | null = null;
  for (const box of boxes) {
    // Boxes around it, and those inside of it, are not beside it.
    if (box.id === from || box.id.startsWith(`${from}/`) || from.startsWith(`${box.id}/`)) continue;
    const x = box.x + box.width / 2 - start.x - start.width / 2;
    const y = box.y + box.height / 2 - start.y - start.height / 2;
    const ahead = x * dx + y * dy;
    const aside = Math.abs(x * dy) + Math.abs(y * dx);
    if (ahead <= 0) continue;
    const cost = ahead + ASIDE * aside;
    if (!best || cost < best.cost) best = { id: box.id, cost };
  }
  return best?.id ?? null;
}
