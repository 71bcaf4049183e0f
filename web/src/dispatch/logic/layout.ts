/** Where the boxes of a graph go, and the boxes inside of boxes. Pure: it runs in a worker. */
import { Graph, layout } from '@dagrejs/dagre';

export type Direction = 'TB' | 'LR';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly id: string;
  /** What it shows inside, below a header; its own size then follows from that. */
  readonly inside?: Scene;
}

export interface Scene {
  readonly boxes: readonly Box[];
  readonly edges: readonly { readonly id: string; readonly source: string; readonly target: string }[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Placed extends Size, Point {
  readonly id: string;
}

export interface Course {
  readonly id: string;
  readonly points: readonly Point[];
}

export interface Layout extends Size {
  /** Boxes before those inside of them. */
  readonly boxes: readonly Placed[];
  readonly edges: readonly Course[];
}

export const HEADER = 64;
export const PADDING = 20;
/** What the header of a box that is open has room in. */
export const OPEN_WIDTH = 340;
const GAPS: Readonly<Record<Direction, { nodesep: number; ranksep: number }>> = {
  TB: { nodesep: 36, ranksep: 56 },
  LR: { nodesep: 24, ranksep: 72 },
};

/** Above this many boxes the best ranks take seconds to find; ranks that are nearly as good take a third of that. */
const MANY = 100;

export function layOut(scene: Scene, direction: Direction): Layout {
  const inner = new Map<string, Layout>();
  const graph = new Graph({ multigraph: true });
  const ranker = scene.boxes.length > MANY ? 'tight-tree' : 'network-simplex';
  graph.setGraph({ rankdir: direction, ...GAPS[direction], marginx: 0, marginy: 0, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of scene.boxes) {
    const content = box.inside && layOut(box.inside, direction);
    if (content) inner.set(box.id, content);
    graph.setNode(box.id, content ? around(content, box) : { width: box.width, height: box.height });
  }
  for (const edge of scene.edges) graph.setEdge(edge.source, edge.target, {}, edge.id);
  layout(graph);
  return collect(scene, graph, inner, direction);
}

function around(content: Size, box: Size): { width: number; height: number } {
  return {
    width: Math.max(content.width + 2 * PADDING, box.width, OPEN_WIDTH),
    height: content.height + HEADER + 2 * PADDING,
  };
}

function collect(scene: Scene, graph: Graph, inner: ReadonlyMap<string, Layout>, direction: Direction): Layout {
  const boxes: Placed[] = [];
  const edges: Course[] = [];
  for (const { id } of scene.boxes) {
    const { x, y, width, height } = graph.node(id);
    const placed = { id, x: x - width / 2, y: y - height / 2, width, height };
    boxes.push(placed);
    const content = inner.get(id);
    if (!content) continue;
    const by = { x: placed.x + (width - content.width) / 2, y: placed.y + HEADER + PADDING };
    boxes.push(...content.boxes.map((box) => ({ ...box, ...shift(box, by) })));
    edges.push(...content.edges.map((edge) => ({ ...edge, points: edge.points.map((point) => shift(point, by)) })));
  }
  for (const edge of graph.edges()) {
    const [from, to] = [graph.node(edge.v), graph.node(edge.w)];
    const points: Point[] = graph.edge(edge).points ?? [];
    // The outermost points lie on borders, and a single one between them is needed by nobody.
    const bends = points.length > 3 ? points.slice(1, -1).map(({ x, y }) => ({ x, y })) : [];
    edges.push({ id: edge.name!, points: ends(from, to, direction, bends) });
  }
  const { width = 0, height = 0 } = graph.graph();
  const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
  return { boxes, edges, width: finite(width), height: finite(height) };
}

/** From the middle of the side where a box is left to that where the next one is entered. */
function ends(from: Size & Point, to: Size & Point, direction: Direction, bends: readonly Point[]): Point[] {
  if (direction === 'LR') {
    return [{ x: from.x + from.width / 2, y: from.y }, ...bends, { x: to.x - to.width / 2, y: to.y }];
  }
  return [{ x: from.x, y: from.y + from.height / 2 }, ...bends, { x: to.x, y: to.y - to.height / 2 }];
}

function shift(point: Point, by: Point): Point {
  return { x: point.x + by.x, y: point.y + by.y };
}

/** A smooth path through the points of an edge. */
export function curve(points: readonly Point[], direction: Direction): string {
  if (points.length < 2) return '';
  const [first, ...rest] = points;
  let path = `M${first!.x},${first!.y}`;
  let from = first!;
  for (const to of rest) {
    const middle = direction === 'TB' ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    path +=
      direction === 'TB'
        ? `C${from.x},${middle} ${to.x},${middle} ${to.x},${to.y}`
        : `C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`;
    from = to;
  }
  return path;
}

/** The direction in which a layout fills the view better. */
export function better(candidates: readonly { direction: Direction; layout: Size }[], view: Size): Direction {
  const scale = ({ layout }: { layout: Size }): number =>
    Math.min(1, view.width / Math.max(1, layout.width), view.height / Math.max(1, layout.height));
  return candidates.reduce((best, next) => (scale(next) > scale(best) * 1.05 ? next : best)).direction;
}
