import { useReactFlow, useViewport } from '@xyflow/react';
import { useCallback, useMemo, useSyncExternalStore, type PointerEvent } from 'react';
import type { Placed, Size } from '../logic/layout';
import { frameOf, lookAt, mapOf, type MiniMap } from '../logic/minimap';
import { summaryStatus, type Standing } from '../logic/status';
import { storeOf } from '../state/hooks';
import type { LaidOut } from './useLayout';
import styles from './graph.module.css';

interface Props {
  readonly laidOut: LaidOut;
  readonly view: Size;
}

/** Where in a large graph one is, and what fails and runs elsewhere in it. For the pointer: the keyboard goes from box to box. */
export function Minimap({ laidOut, view }: Props) {
  const flow = useReactFlow();
  const map = useMemo(() => mapOf(laidOut.layout, view), [laidOut, view]);
  if (!map) return null;
  const go = (event: PointerEvent<SVGSVGElement>): void => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const point = { x: event.clientX - left, y: event.clientY - top };
    void flow.setViewport(lookAt(map, point, flow.getViewport(), view));
  };
  return (
    <svg
      className={styles.map}
      width={map.width}
      height={map.height}
      aria-hidden="true"
      data-map
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) go(event);
      }}
    >
      <Boxes laidOut={laidOut} map={map} />
      <Seen map={map} view={view} />
    </svg>
  );
}

/** What is in view. */
function Seen({ map, view }: { map: MiniMap; view: Size }) {
  return <rect className={styles.seen} rx={2} {...frameOf(map, useViewport(), view)} />;
}

/** All boxes of a status are one shape. */
function Boxes({ laidOut, map }: { laidOut: LaidOut; map: MiniMap }) {
  const standings = useStandings(laidOut);
  const shapes = useMemo(() => shapesOf(laidOut, standings.split(' '), map), [laidOut, standings, map]);
  return [...shapes].map(([standing, path]) => <path key={standing} d={path} data-status={standing} />);
}

/** Of each box of the drawing, in order, as one text: the same for as long as nothing has moved. */
function useStandings({ drawing, layout }: LaidOut): string {
  const stores = useMemo(
    () => [...new Set([...drawing.stacks.values()].map(({ dispatchId }) => dispatchId))].map(storeOf),
    [drawing],
  );
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = stores.map((store) => store.subscribe(listener));
      return () => ends.forEach((end) => end());
    },
    [stores],
  );
  return useSyncExternalStore(subscribe, () => layout.boxes.map(({ id }) => standingOfBox(drawing, id)).join(' '));
}

function standingOfBox(drawing: LaidOut['drawing'], id: string): Standing | 'OPEN' {
  const drawn = drawing.stacks.get(id);
  if (!drawn) return 'NEW_OBJECT';
  if (drawn.open) return 'OPEN';
  const counts = storeOf(drawn.dispatchId).loaded?.model.countsOf(drawn.index) ?? {};
  return Object.keys(counts).length > 0 ? summaryStatus(counts) : 'NEW_OBJECT';
}

function shapesOf({ layout }: LaidOut, standings: readonly string[], map: MiniMap): Map<string, string> {
  const shapes = new Map<string, string>();
  layout.boxes.forEach((box, index) => {
    const standing = standings[index]!;
    shapes.set(standing, (shapes.get(standing) ?? '') + outline(box, map));
  });
  return shapes;
}

/** However small, it can be seen. */
function outline({ x, y, width, height }: Placed, { scale, left, top }: MiniMap): string {
  const [across, down] = [Math.max(1.5, width * scale), Math.max(1.5, height * scale)];
  const round = (value: number): number => Math.round(value * 10) / 10;
  return `M${round(left + x * scale)},${round(top + y * scale)}h${round(across)}v${round(down)}h${round(-across)}z`;
}
