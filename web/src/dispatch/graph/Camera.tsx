import { useReactFlow } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { firstBox, keep, opening, reveal, type Viewport } from '../logic/camera';
import type { Placed, Size } from '../logic/layout';
import type { Status } from '../logic/status';
import { storeOf } from '../state/hooks';
import { glide } from './glide';
import type { LaidOut } from './useLayout';

/** Where a picture is looked at first: the whole, or what is selected, has failed, runs, or comes first. */
export function beginning(laidOut: LaidOut, view: Size, selected: string | null): Viewport {
  const { layout, direction } = laidOut;
  const box =
    (selected !== null && boxOf(laidOut, selected)) ||
    firstWith(laidOut, 'FAILED') ||
    firstWith(laidOut, 'RUNNING') ||
    firstBox(layout, direction);
  return opening(layout, view, box);
}

function firstWith({ drawing, layout, direction }: LaidOut, status: Status): Placed | undefined {
  const boxes = layout.boxes.filter(({ id }) => {
    const drawn = drawing.stacks.get(id);
    return drawn && (storeOf(drawn.dispatchId).loaded?.model.countsOf(drawn.index)[status] ?? 0) > 0;
  });
  return firstBox({ ...layout, boxes }, direction);
}

interface Props {
  readonly laidOut: LaidOut;
  readonly selected: string | null;
  readonly view: Size;
}

/** Moves the view when the picture asks for it; people move it otherwise. */
export function Camera({ laidOut, selected, view }: Props) {
  useBeginning(laidOut, selected, view);
  useTurned(laidOut, view);
  useSelected(laidOut, selected, view);
  return null;
}

/** Begins anew when the direction has turned. */
function useBeginning(laidOut: LaidOut, selected: string | null, view: Size): void {
  const flow = useReactFlow();
  const before = useRef(laidOut.direction);
  useEffect(() => {
    if (before.current !== laidOut.direction) void flow.setViewport(beginning(laidOut, view, selected));
    before.current = laidOut.direction;
  }, [flow, laidOut, selected, view]);
}

/** A sublattice that is opened or closed stays where it was looked at, and comes into view as far as it was not. */
function useTurned(laidOut: LaidOut, view: Size): void {
  const flow = useReactFlow();
  const before = useRef(laidOut);
  useEffect(() => {
    const last = before.current;
    before.current = laidOut;
    if (last === laidOut || last.direction !== laidOut.direction) return;
    const id = turned(last, laidOut);
    const [then, now] = [id && boxOf(last, id), id && boxOf(laidOut, id)];
    if (!then || !now) return;
    const kept = keep(then, now, flow.getViewport());
    void flow.setViewport(kept);
    void flow.setViewport(reveal(now, kept, view), glide(250));
  }, [flow, laidOut, view]);
}

/** The box in which something else is open than before. */
function turned(before: LaidOut, now: LaidOut): string | undefined {
  for (const [id, { open }] of now.drawing.stacks) {
    const last = before.drawing.stacks.get(id);
    if (last && last.open?.childId !== open?.childId) return id;
  }
  return undefined;
}

/** Brings what is selected back into a view that became smaller, as when a panel opens beside it. */
function useSelected(laidOut: LaidOut, selected: string | null, view: Size): void {
  const flow = useReactFlow();
  const known = useRef(laidOut);
  useEffect(() => {
    known.current = laidOut;
  }, [laidOut]);
  useEffect(() => {
    const box = selected === null ? undefined : boxOf(known.current, selected);
    if (!box) return;
    const [from, to] = [flow.getViewport(), reveal(box, flow.getViewport(), view)];
    if (from.x !== to.x || from.y !== to.y || from.zoom !== to.zoom) void flow.setViewport(to, glide(200));
  }, [flow, selected, view]);
}

function boxOf({ layout }: LaidOut, id: string): Placed | undefined {
  return layout.boxes.find((box) => box.id === id);
}
