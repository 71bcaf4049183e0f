/** What of a dispatch, and of the sublattices that are open in it, is drawn. */
import type { Box, Scene } from './layout';
import type { Stack, Stacks } from './stacks';

export interface DrawnStack {
  readonly dispatchId: string;
  readonly index: number;
  readonly stack: Stack;
  /** The task whose sublattice is shown inside. */
  readonly open: OpenTask | null;
  readonly depth: number;
}

export interface Drawing {
  readonly scene: Scene;
  readonly stacks: ReadonlyMap<string, DrawnStack>;
  /** Edges that only wait, without data. */
  readonly waits: ReadonlySet<string>;
}

export interface OpenTask {
  readonly node: number;
  /** The dispatch that its sublattice runs as. */
  readonly childId: string;
}

export const CARD = { width: 240, one: 60, many: 78 } as const;

/** Sublattices in sublattices are drawn to this depth. */
const DEEPEST = 6;

/**
 * @param stacksOf the stacks of a dispatch that is loaded
 * @param opened by the id of a box, the task of it that is open
 */
export function draw(
  root: string,
  stacksOf: (dispatchId: string) => Stacks | undefined,
  opened: ReadonlyMap<string, OpenTask>,
): Drawing {
  const stacks = new Map<string, DrawnStack>();
  const waits = new Set<string>();

  const visit = (dispatchId: string, prefix: string, depth: number): Scene => {
    const all = stacksOf(dispatchId);
    if (!all) return { boxes: [], edges: [] };
    const boxes = all.stacks.map((stack, index): Box => {
      const id = prefix + stack.id;
      const wanted = opened.get(id);
      const open = wanted && depth < DEEPEST && stacksOf(wanted.childId) ? wanted : null;
      stacks.set(id, { dispatchId, index, stack, open, depth });
      const size = { id, width: CARD.width, height: stack.nodes.length > 1 ? CARD.many : CARD.one };
      return open ? { ...size, inside: visit(open.childId, `${id}/`, depth + 1) } : size;
    });
    const edges = all.edges.map(({ source: from, target, data }) => {
      const id = `${prefix}${all.stacks[from]!.id}-${all.stacks[target]!.id}`;
      if (!data) waits.add(id);
      return { id, source: boxes[from]!.id, target: boxes[target]!.id };
    });
    return { boxes, edges };
  };

  return { scene: visit(root, '', 0), stacks, waits };
}
