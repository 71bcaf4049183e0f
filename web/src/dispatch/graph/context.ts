import { createContext, useContext } from 'react';
import type { DrawnStack, OpenTask } from '../logic/scene';
import type { Direction } from '../logic/layout';

/** What the boxes of a graph can do; the same object while the picture is the same. */
export interface GraphActions {
  readonly direction: Direction;
  readonly selected: string | null;
  /** Boxes that a search has found; null without a search. */
  readonly found: ReadonlySet<string> | null;
  /** Where a click on the box leads. */
  readonly linkTo: (box: string, drawn: DrawnStack) => string;
  /** Absent where nothing runs, as in a preview. */
  readonly open?: (box: string, task: OpenTask) => void;
  readonly close?: (box: string) => void;
}

export const GraphContext = createContext<GraphActions | null>(null);

export function useGraphActions(): GraphActions {
  return useContext(GraphContext)!;
}
