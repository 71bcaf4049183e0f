/** A layout as React Flow takes it. Built anew when the structure changes, never for a status. */
import { Position, type Edge, type Node } from '@xyflow/react';
import { curve } from '../logic/layout';
import type { DrawnStack } from '../logic/scene';
import type { LaidOut } from './useLayout';

export type BoxNode = Node<{ readonly drawn: DrawnStack }, 'stack' | 'open'>;
export type CourseEdge = Edge<{ readonly path: string; readonly waits: boolean }, 'course'>;

export function elementsOf({ drawing, layout, direction }: LaidOut): { nodes: BoxNode[]; edges: CourseEdge[] } {
  const [sourcePosition, targetPosition] =
    direction === 'TB' ? [Position.Bottom, Position.Top] : [Position.Right, Position.Left];
  const nodes = layout.boxes.flatMap(({ id, x, y, width, height }): BoxNode[] => {
    const drawn = drawing.stacks.get(id);
    if (!drawn) return [];
    return [
      {
        id,
        type: drawn.open ? 'open' : 'stack',
        position: { x, y },
        width,
        height,
        // Nothing has to be measured: the layout knows.
        measured: { width, height },
        zIndex: 2 * drawn.depth,
        sourcePosition,
        targetPosition,
        data: { drawn },
        handles: [
          { type: 'target', position: targetPosition, x: width / 2, y: 0 },
          { type: 'source', position: sourcePosition, x: width / 2, y: height },
        ],
      },
    ];
  });
  const ends = new Map<string, { source: string; target: string; depth: number }>();
  collectEnds(drawing.scene, 0, ends);
  const edges = layout.edges.flatMap(({ id, points }): CourseEdge[] => {
    const end = ends.get(id);
    if (!end) return [];
    const data = { path: curve(points, direction), waits: drawing.waits.has(id) };
    return [{ id, source: end.source, target: end.target, type: 'course', zIndex: 2 * end.depth + 1, data }];
  });
  return { nodes, edges };
}

type Scene = LaidOut['drawing']['scene'];

function collectEnds(
  scene: Scene,
  depth: number,
  into: Map<string, { source: string; target: string; depth: number }>,
): void {
  for (const { id, source, target } of scene.edges) into.set(id, { source, target, depth });
  for (const box of scene.boxes) if (box.inside) collectEnds(box.inside, depth + 1, into);
}
