/** Which part of a layout is looked at, and how closely. */
import type { Direction, Layout, Placed, Size } from './layout';

export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** The names of tasks can be read from here on. */
export const READABLE = 0.65;
/** Where the whole is not seen anyway, everything is read with ease. */
export const COMFORTABLE = 0.85;
/** Pixels at the edges of a view: above and below lie the controls. */
export const INSET = { x: 28, y: 58 } as const;

interface Span {
  readonly from: number;
  readonly length: number;
}

/** The whole if it can be read then; otherwise what is around a box, and no empty room beyond the ends. */
export function opening(layout: Size, view: Size, box: Placed | undefined): Viewport {
  const whole = fitting(layout, view);
  const zoom = whole >= READABLE ? Math.min(1, whole) : COMFORTABLE;
  const along = (length: number, room: number, inset: number, middle: number): number => {
    const [drawn, seen] = [length * zoom, room - 2 * inset];
    return drawn <= seen ? (room - drawn) / 2 : clamp(room / 2 - middle * zoom, inset + seen - drawn, inset);
  };
  return {
    x: along(layout.width, view.width, INSET.x, box ? box.x + box.width / 2 : 0),
    y: along(layout.height, view.height, INSET.y, box ? box.y + box.height / 2 : 0),
    zoom,
  };
}

/** Moves as little as it takes to see all of a box; comes closer never, and goes back only if the box is then seen whole. */
export function reveal(box: Placed, from: Viewport, view: Size): Viewport {
  const whole = fitting(box, view);
  const zoom = whole >= READABLE ? Math.min(from.zoom, whole) : from.zoom;
  const middle = (box.x + box.width / 2) * from.zoom + from.x;
  const [width, height] = [box.width * zoom, box.height * zoom];
  const left = into({ from: middle - width / 2, length: width }, view.width, INSET.x);
  const top = into({ from: box.y * from.zoom + from.y, length: height }, view.height, INSET.y);
  return { x: left - box.x * zoom, y: top - box.y * zoom, zoom };
}

/** What was looked at stays where it was seen, when the layout around it has changed. */
export function keep(before: Placed, now: Placed, from: Viewport): Viewport {
  return {
    x: from.x + (before.x + before.width / 2 - now.x - now.width / 2) * from.zoom,
    y: from.y + (before.y - now.y) * from.zoom,
    zoom: from.zoom,
  };
}

/** The box where a graph begins; the one in its middle, where several do. */
export function firstBox({ boxes, width, height }: Layout, direction: Direction): Placed | undefined {
  const [along, middle] =
    direction === 'TB'
      ? [(box: Placed) => box.y + box.height / 2, (box: Placed) => Math.abs(box.x + box.width / 2 - width / 2)]
      : [(box: Placed) => box.x + box.width / 2, (box: Placed) => Math.abs(box.y + box.height / 2 - height / 2)];
  return boxes.reduce<Placed | undefined>((best, box) => {
    if (!best) return box;
    const nearer = along(box) - along(best) || middle(box) - middle(best);
    return nearer < 0 ? box : best;
  }, undefined);
}

/** The zoom at which something just fits. */
export function fitting(size: Size, view: Size): number {
  return Math.min(
    (view.width - 2 * INSET.x) / Math.max(1, size.width),
    (view.height - 2 * INSET.y) / Math.max(1, size.height),
  );
}

/** Where a span begins once it is inside; what is too long shows its beginning. */
function into({ from, length }: Span, room: number, inset: number): number {
  const last = room - inset - length;
  return last < inset ? inset : clamp(from, inset, last);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
