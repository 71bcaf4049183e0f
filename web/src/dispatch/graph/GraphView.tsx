import '@xyflow/react/dist/base.css';
import { ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { Direction, Size } from '../logic/layout';
import { isArrow, nearest } from '../logic/near';
import type { Drawing } from '../logic/scene';
import { beginning, Camera } from './Camera';
import { GraphContext, type GraphActions } from './context';
import { CourseEdge } from './CourseEdge';
import { elementsOf } from './elements';
import { glide } from './glide';
import { GraphTools } from './GraphTools';
import { Minimap } from './Minimap';
import { OpenNode } from './OpenNode';
import { StackNode } from './StackNode';
import { useLayout, type LaidOut } from './useLayout';
import styles from './graph.module.css';

const NODE_TYPES = { stack: StackNode, open: OpenNode };
const EDGE_TYPES = { course: CourseEdge };
/** As many boxes as are ever drawn can be seen at once. */
const FARTHEST = 0.01;
/** Below this number of boxes all of them are drawn, so that the Tab key reaches those outside of the view. */
const FEW = 120;

interface Props {
  readonly drawing: Drawing | null;
  readonly actions: Omit<GraphActions, 'direction' | 'found'>;
  readonly label: string;
}

export function GraphView(props: Props) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph({ drawing, actions, label }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const view = useSize(frame);
  const [wanted, setWanted] = useState<Direction | null>(null);
  const [query, setQuery] = useState('');
  const laidOut = useLayout(drawing, wanted, view);
  const found = useMemo(() => search(laidOut?.drawing ?? null, query), [laidOut, query]);
  const direction = laidOut?.direction ?? 'TB';
  const context = useMemo(() => ({ ...actions, direction, found }), [actions, direction, found]);
  return (
    <div ref={frame} className={styles.frame}>
      <Arrow />
      {drawing && !laidOut && (
        <p className={styles.pending} role="status">
          Drawing the graph…
        </p>
      )}
      {laidOut && view && (
        <GraphContext.Provider value={context}>
          <Picture laidOut={laidOut} label={label} selected={actions.selected} view={view} />
          <Minimap laidOut={laidOut} view={view} />
          <GraphTools
            direction={direction}
            onTurn={() => setWanted(direction === 'TB' ? 'LR' : 'TB')}
            query={query}
            onQuery={setQuery}
            found={found && [...found]}
          />
        </GraphContext.Provider>
      )}
    </div>
  );
}

interface PictureProps {
  readonly laidOut: LaidOut;
  readonly label: string;
  readonly selected: string | null;
  readonly view: Size;
}

function Picture({ laidOut, label, selected, view }: PictureProps) {
  const { nodes, edges } = useMemo(() => elementsOf(laidOut), [laidOut]);
  const flow = useReactFlow();
  const [start] = useState(() => beginning(laidOut, view, selected));
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const box = (event.target as HTMLElement).dataset.box;
    if (!box || !isArrow(event.key)) return;
    const next = nearest(laidOut.layout.boxes, box, event.key);
    if (!next) return;
    event.preventDefault();
    void flow.fitView({ nodes: [{ id: next }], ...glide(200), maxZoom: flow.getZoom(), minZoom: flow.getZoom() });
    requestAnimationFrame(() => focusBox(event.currentTarget, next));
  };
  return (
    // Arrow keys move the focus among the links inside, which have roles of their own.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className={styles.picture} onKeyDown={onKeyDown}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        defaultViewport={start}
        minZoom={FARTHEST}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        onlyRenderVisibleElements={nodes.length > FEW}
        disableKeyboardA11y
        panOnScroll
        zoomOnDoubleClick={false}
        aria-label={label}
        proOptions={PRO}
      />
      <Camera laidOut={laidOut} selected={selected} view={view} />
    </div>
  );
}

// React Flow's note is in the list of licences instead.
const PRO = { hideAttribution: true };

function focusBox(within: HTMLElement, box: string): void {
  within.querySelector<HTMLElement>(`[data-box="${CSS.escape(box)}"]`)?.focus({ preventScroll: true });
}

function search(drawing: Drawing | null, query: string): ReadonlySet<string> | null {
  const wanted = query.trim().toLowerCase();
  if (!wanted || !drawing) return null;
  const number = /^#?\d+$/.test(wanted) ? Number(wanted.replace('#', '')) : null;
  const hits = [...drawing.stacks].filter(
    ([, { stack }]) => stack.name.toLowerCase().includes(wanted) || (number !== null && stack.nodes.includes(number)),
  );
  return new Set(hits.map(([id]) => id));
}

function useSize(ref: React.RefObject<HTMLElement | null>): Size | null {
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      if (width > 0 && height > 0) setSize({ width, height });
    });
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

function Arrow() {
  return (
    <svg className={styles.defs} aria-hidden="true">
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M1 1l6 3-6 3z" className={styles.arrow} />
        </marker>
      </defs>
    </svg>
  );
}
