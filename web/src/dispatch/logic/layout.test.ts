import { describe, expect, it } from 'vitest';
import { better, curve, HEADER, layOut, PADDING, type Box, type Scene } from './layout';

const box = (id: string, inside?: Scene): Box => ({ id, width: 200, height: 60, ...(inside ? { inside } : {}) });
const edge = (source: string, target: string) => ({ id: `${source}-${target}`, source, target });
const scene = (boxes: Box[], ...edges: [string, string][]): Scene => ({
  boxes,
  edges: edges.map(([source, target]) => edge(source, target)),
});

describe('layOut', () => {
  it('puts what follows below, or to the right', () => {
    const chain = scene([box('a'), box('b')], ['a', 'b']);
    const [a, b] = layOut(chain, 'TB').boxes;
    expect(b!.y).toBeGreaterThan(a!.y + 60);
    expect(b!.x).toBe(a!.x);
    const [c, d] = layOut(chain, 'LR').boxes;
    expect(d!.x).toBeGreaterThan(c!.x + 200);
  });

  it('makes room for what a box shows inside, and places that within it', () => {
    const child = scene([box('x'), box('y')], ['x', 'y']);
    const { boxes, edges } = layOut(scene([box('a'), box('b', child)], ['a', 'b']), 'TB');
    const place = Object.fromEntries(boxes.map((placed) => [placed.id, placed]));
    expect(boxes.map((placed) => placed.id)).toEqual(['a', 'b', 'x', 'y']);
    expect(place.x!.y).toBe(place.b!.y + HEADER + PADDING);
    expect(place.y!.y + place.y!.height).toBe(place.b!.y + place.b!.height - PADDING);
    expect(edges.map((placed) => placed.id).sort()).toEqual(['a-b', 'x-y']);
  });

  it('places what lies two boxes deep within the box around it', () => {
    const deep = scene([box('a', scene([box('b', scene([box('c')]))]))]);
    const place = Object.fromEntries(layOut(deep, 'LR').boxes.map((placed) => [placed.id, placed]));
    expect(place.b!.y).toBe(HEADER + PADDING);
    expect(place.c!.y).toBe(2 * (HEADER + PADDING));
  });

  it('copes with nothing, and with cycles', () => {
    expect(layOut(scene([]), 'TB')).toEqual({ boxes: [], edges: [], width: 0, height: 0 });
    expect(layOut(scene([box('a'), box('b')], ['a', 'b'], ['b', 'a']), 'TB').boxes).toHaveLength(2);
  });

  it('lays out as many boxes as are ever drawn in a moment', () => {
    const boxes = Array.from({ length: 400 }, (_, i) => box(`b${i}`));
    const edges = boxes.slice(1).map((_, i): [string, string] => [`b${i >> 1}`, `b${i + 1}`]);
    const before = performance.now();
    expect(layOut(scene(boxes, ...edges), 'TB').boxes).toHaveLength(400);
    expect(performance.now() - before).toBeLessThan(5000);
  });
});

describe('curve', () => {
  it('leaves and arrives in the direction of the graph', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 20 },
    ];
    expect(curve(points, 'TB')).toBe('M0,0C0,10 10,10 10,20');
    expect(curve(points, 'LR')).toBe('M0,0C5,0 5,20 10,20');
    expect(curve([], 'TB')).toBe('');
  });
});

describe('better', () => {
  it('is the direction that can be drawn larger, and down if neither is', () => {
    const [wide, high] = [
      { width: 2000, height: 100 },
      { width: 100, height: 2000 },
    ];
    const view = { width: 1200, height: 600 };
    const choose = (down: typeof wide, right: typeof wide) =>
      better(
        [
          { direction: 'TB', layout: down },
          { direction: 'LR', layout: right },
        ],
        view,
      );
    expect(choose(high, wide)).toBe('LR');
    expect(choose(wide, high)).toBe('TB');
    expect(choose({ width: 10, height: 10 }, { width: 10, height: 10 })).toBe('TB');
  });
});
