import { useEffect, useRef, useState } from 'react';
import { better, type Direction, type Layout, type Size } from '../logic/layout';
import type { Drawing } from '../logic/scene';
import { requestLayout } from './layoutClient';

export interface LaidOut {
  readonly drawing: Drawing;
  readonly layout: Layout;
  readonly direction: Direction;
}

/**
 * The layout of a drawing; the one before until it is there.
 *
 * Without a wanted direction the one that fills the view better is chosen once: a picture that turns by itself is lost sight of.
 */
export function useLayout(drawing: Drawing | null, wanted: Direction | null, view: Size | null): LaidOut | null {
  const [laidOut, setLaidOut] = useState<LaidOut | null>(null);
  const chosen = useRef<Direction | null>(null);
  const viewNow = useRef(view);
  useEffect(() => {
    viewNow.current = view;
  }, [view]);
  const isSeen = view !== null;
  useEffect(() => {
    if (!drawing || !isSeen) return;
    let isWanted = true;
    const directions: Direction[] = wanted ? [wanted] : chosen.current ? [chosen.current] : ['TB', 'LR'];
    void Promise.all(
      directions.map(async (direction) => ({ direction, layout: await requestLayout(drawing.scene, direction) })),
    ).then((candidates) => {
      if (!isWanted) return;
      const direction = better(candidates, viewNow.current ?? { width: 1, height: 1 });
      chosen.current ??= direction;
      setLaidOut({ drawing, direction, layout: candidates.find((one) => one.direction === direction)!.layout });
    });
    return () => {
      isWanted = false;
    };
  }, [drawing, wanted, isSeen]);
  return laidOut;
}
