import { describe, expect, it } from 'vitest';
import type { Layout } from './layout';
import { frameOf, lookAt, mapOf } from './minimap';

const VIEW = { width: 1400, height: 700 };
const CHAIN = graph(240, 11_000);
const WIDE = graph(12_000, 2800);

/** Two boxes, in opposite corners. */
function graph(width: number, height: number): Layout {
  const first = { id: 'first', x: 0, y: 0, width: 200, height: 60 };
  const last = { ...first, id: 'last', x: width - 200, y: height - 60 };
  return { boxes: [first, last], edges: [], width, height };
}

describe('mapOf', () => {
  it('is for what can not be read when all of it is seen', () => {
    expect(mapOf(graph(800, 500), VIEW)).toBeNull();
    expect(mapOf(CHAIN, VIEW)).not.toBeNull();
  });

  it('leaves no room for edges that go beyond all boxes', () => {
    expect(mapOf({ ...WIDE, height: 4000 }, VIEW)).toEqual(mapOf(WIDE, VIEW));
  });

  it('leaves a small view alone', () => {
    expect(mapOf(CHAIN, { width: 390, height: 500 })).toBeNull();
  });

  it.each([CHAIN, WIDE, graph(3000, 3000)])('holds all of $width × $height, and little of the view', (layout) => {
    const map = mapOf(layout, VIEW)!;
    expect(map.left + layout.width * map.scale).toBeLessThanOrEqual(map.width);
    expect(map.top + layout.height * map.scale).toBeLessThanOrEqual(map.height);
    expect(map.width).toBeGreaterThan(24);
    expect(map.width * map.height).toBeLessThan((VIEW.width * VIEW.height) / 6);
  });
});

describe('frameOf', () => {
  it('shows what is in view', () => {
    const map = mapOf(WIDE, VIEW)!;
    const frame = frameOf(map, { x: -1000, y: -500, zoom: 0.5 }, VIEW);
    expect(frame.x).toBeCloseTo(map.left + 2000 * map.scale);
    expect(frame.y).toBeCloseTo(map.top + 1000 * map.scale);
    expect(frame.width).toBeCloseTo(2800 * map.scale);
  });

  it('stays within the map, however far away the view is', () => {
    const map = mapOf(CHAIN, VIEW)!;
    for (const away of [-1e6, 1e6]) {
      const { x, y, width, height } = frameOf(map, { x: away, y: away, zoom: 1 }, VIEW);
      expect(Math.min(x, y)).toBeGreaterThan(0);
      expect(x + width).toBeLessThan(map.width);
      expect(y + height).toBeLessThan(map.height);
    }
  });
});

describe('lookAt', () => {
  it('brings a point of the map into the middle of the view, as close as before', () => {
    const map = mapOf(WIDE, VIEW)!;
    const there = lookAt(map, { x: map.left + 6000 * map.scale, y: map.top }, { x: 0, y: 0, zoom: 0.8 }, VIEW);
    expect(there).toEqual({
      x: expect.closeTo(700 - 6000 * 0.8) as number,
      y: expect.closeTo(350) as number,
      zoom: 0.8,
    });
  });
});
