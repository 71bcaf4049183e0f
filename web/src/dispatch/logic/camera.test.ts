import { describe, expect, it } from 'vitest';
import { COMFORTABLE, firstBox, INSET, keep, opening, READABLE, reveal, type Viewport } from './camera';
import type { Placed, Size } from './layout';

const view = { width: 1000, height: 600 };
const box = (x: number, y: number, size: Size = { width: 240, height: 60 }): Placed => ({ id: 'b', x, y, ...size });
const seen = ({ x, y, zoom }: Viewport, of: Placed) => ({
  left: of.x * zoom + x,
  top: of.y * zoom + y,
  right: (of.x + of.width) * zoom + x,
  bottom: (of.y + of.height) * zoom + y,
});

describe('opening', () => {
  it('shows the whole in the middle, where that can be read', () => {
    expect(opening({ width: 240, height: 100 }, view, undefined)).toEqual({ x: 380, y: 250, zoom: 1 });
    const { zoom } = opening({ width: 240, height: 600 }, view, undefined);
    expect(zoom).toBeGreaterThan(READABLE);
    expect(zoom).toBeLessThan(1);
  });

  it('begins at the start of a long chain, at a size that can be read', () => {
    const chain = { width: 240, height: 11_600 };
    const first = box(0, 0);
    const shown = opening(chain, view, first);
    expect(shown.zoom).toBe(COMFORTABLE);
    expect(seen(shown, first).top).toBe(INSET.y);
    expect(seen(shown, first).left).toBe((view.width - 240 * COMFORTABLE) / 2);
  });

  it('begins at a box in the midst, and shows nothing beyond the end', () => {
    const chain = { width: 240, height: 11_600 };
    const [middle, last] = [box(0, 5800), box(0, 11_540)];
    expect(seen(opening(chain, view, middle), middle).top).toBeCloseTo((view.height - 60 * COMFORTABLE) / 2);
    expect(seen(opening(chain, view, last), last).bottom).toBeCloseTo(view.height - INSET.y);
  });
});

describe('reveal', () => {
  const here: Viewport = { x: 0, y: 0, zoom: 1 };

  it('stays where everything is seen', () => {
    expect(reveal(box(300, 200), here, view)).toEqual(here);
    const far = { ...here, zoom: 0.2 };
    expect(reveal(box(1000, 1000), far, view)).toEqual(far);
  });

  it('moves no farther than it must', () => {
    expect(reveal(box(300, 570), here, view)).toEqual({ x: 0, y: 600 - INSET.y - 630, zoom: 1 });
    expect(reveal(box(-100, 200), here, view)).toEqual({ x: 100 + INSET.x, y: 0, zoom: 1 });
  });

  it('goes back as far as it takes to see a large one whole', () => {
    const large = box(300, 300, { width: 340, height: 600 });
    const { zoom, ...place } = reveal(large, here, view);
    expect(zoom).toBeCloseTo((view.height - 2 * INSET.y) / 600);
    expect(seen({ ...place, zoom }, large).bottom).toBeCloseTo(view.height - INSET.y);
  });

  it('shows the beginning of one that is too large to be read whole, as closely as before', () => {
    const huge = box(300, 300, { width: 340, height: 6000 });
    expect(reveal(huge, here, view)).toEqual({ x: 0, y: INSET.y - 300, zoom: 1 });
  });
});

describe('keep', () => {
  it('leaves the top of a box that has grown where it was', () => {
    const [before, now] = [box(100, 100), box(400, 160, { width: 340, height: 900 })];
    const after = keep(before, now, { x: 10, y: 20, zoom: 0.5 });
    expect(seen(after, now).top).toBe(100 * 0.5 + 20);
    expect((seen(after, now).left + seen(after, now).right) / 2).toBe(220 * 0.5 + 10);
  });
});

describe('firstBox', () => {
  it('is where the graph begins in its direction, in the middle if there are several', () => {
    const boxes = [
      { ...box(0, 0), id: 'a' },
      { ...box(300, 0), id: 'b' },
      { ...box(600, 0), id: 'c' },
      { ...box(0, 100), id: 'd' },
    ];
    const layout = { boxes, edges: [], width: 840, height: 160 };
    expect(firstBox(layout, 'TB')?.id).toBe('b');
    expect(firstBox(layout, 'LR')?.id).toBe('a');
    expect(firstBox({ ...layout, boxes: [] }, 'TB')).toBeUndefined();
  });
});
