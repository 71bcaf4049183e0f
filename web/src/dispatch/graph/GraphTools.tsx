import { useReactFlow } from '@xyflow/react';
import { ArrowDown, ArrowRight, Maximize, Minus, Plus, Search } from 'lucide-react';
import { useEffect, useRef, type KeyboardEvent } from 'react';
import { IconButton } from '../../ui/IconButton';
import { INSET } from '../logic/camera';
import type { Direction } from '../logic/layout';
import { glide } from './glide';
import styles from './graph.module.css';

const ALL_AROUND = { x: `${INSET.x}px`, y: `${INSET.y}px` } as const;

interface Props {
  readonly direction: Direction;
  readonly onTurn: () => void;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly found: readonly string[] | null;
}

export function GraphTools({ direction, onTurn, query, onQuery, found }: Props) {
  const flow = useReactFlow();
  return (
    <>
      <Find query={query} onQuery={onQuery} found={found} />
      <div className={styles.tools}>
        <IconButton label="Zoom in" onClick={() => void flow.zoomIn(glide(150))}>
          <Plus size={16} />
        </IconButton>
        <IconButton label="Zoom out" onClick={() => void flow.zoomOut(glide(150))}>
          <Minus size={16} />
        </IconButton>
        <IconButton
          label="Show all"
          onClick={() => void flow.fitView({ ...glide(200), padding: ALL_AROUND, maxZoom: 1 })}
        >
          <Maximize size={15} />
        </IconButton>
        <IconButton label={direction === 'TB' ? 'Draw from left to right' : 'Draw from top to bottom'} onClick={onTurn}>
          {direction === 'TB' ? <ArrowRight size={16} /> : <ArrowDown size={16} />}
        </IconButton>
      </div>
    </>
  );
}

/** Finds boxes by name or by the number of a task; Enter goes from one to the next. */
function Find({ query, onQuery, found }: Pick<Props, 'query' | 'onQuery' | 'found'>) {
  const flow = useReactFlow();
  const at = useRef(-1);
  useEffect(() => {
    at.current = -1;
  }, [query]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && query) {
      event.stopPropagation();
      onQuery('');
    }
    if (event.key !== 'Enter' || !found?.length) return;
    at.current = (at.current + (event.shiftKey ? found.length - 1 : 1)) % found.length;
    void flow.fitView({ nodes: [{ id: found[at.current]! }], ...glide(250), maxZoom: 1 });
  };
  return (
    <label className={styles.find}>
      <Search size={14} aria-hidden="true" />
      <input
        type="search"
        value={query}
        placeholder="Find in graph"
        aria-label="Find in graph"
        data-search
        onChange={(event) => onQuery(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {found && <span className={styles.hits}>{found.length}</span>}
    </label>
  );
}
