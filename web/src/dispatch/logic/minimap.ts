/** A small map of a graph that does not fit into its view: how large it is, what it shows as seen, and where it leads. */
import { INSET, READABLE, fitting, type Viewport } from './camera';
import type { Layout, Placed, Point, Size } from './layout';

/** A view that is narrower or lower has no room to spare. */
const LEAST_VIEW: Size = { width: 640, height: 360 };
/** Along its shorter side a map is as large as is needed to hit it. */
const LEAST = 28;
const PAD = 6;

export interface MiniMap extends Size {
  /** Pixels of the map for one of the layout. */
  readonly scale: number;
  /** Where the layout begins in the map. */
  readonly left: number;
  readonly top: number;
}

export interface Frame extends Size, Point {}

/** Null where all can be seen and read at once, or where there is no room for a map. */
export function mapOf(layout: Layout, view: Size): MiniMap | null {
  if (fitting(layout, view) >= READABLE || view.width < LEAST_VIEW.width || view.height < LEAST_VIEW.height)
    return null;
  const drawn = around(layout.boxes);
  const scale = Math.min((view.width * 0.24) / drawn.width, ((view.height - 2 * INSET.y) * 0.5) / drawn.height, 0.12);
  const width = Math.max(LEAST, drawn.width * scale) + 2 * PAD;
  const height = Math.max(LEAST, drawn.height * scale) + 2 * PAD;
  const left = (width - drawn.width * scale) / 2 - drawn.x * scale;
  const top = (height - drawn.height * scale) / 2 - drawn.y * scale;
  return { scale, width, height, left, top };
}

/** All boxes; edges may go beyond them. */
function around(boxes: readonly Placed[]): Frame {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const width = Math.max(...boxes.map((box) => box.x + box.width)) - x;
  return { x, y, width, height: Math.max(...boxes.map((box) => box.y + box.height)) - y };
}

/** The part of the map that is in view; a sliver of it at least. */
export function frameOf(map: MiniMap, { x, y, zoom }: Viewport, view: Size): Frame {
  const across = along(map.left - (x / zoom) * map.scale, (view.width / zoom) * map.scale, map.width);
  const down = along(map.top - (y / zoom) * map.scale, (view.height / zoom) * map.scale, map.height);
  return { x: across.from, y: down.from, width: across.length, height: down.length };
}

/** The view that has in its middle what the map shows at a point. */
export function lookAt(map: MiniMap, point: Point, { zoom }: Viewport, view: Size): Viewport {
  return {
    x: view.width / 2 - ((point.x - map.left) / map.scale) * zoom,
    y: view.height / 2 - ((point.y - map.top) / map.scale) * zoom,
    zoom,
  };
}

function along(from: number, length: number, room: number): { from: number; length: number } {
  const edge = 1;
  const start = Math.min(Math.max(from, edge), room - edge - 3);
  return { from: start, length: Math.max(3, Math.min(from + length, room - edge) - start) };
}
