import { useQuery } from '@tanstack/react-query';
import { SearchX } from 'lucide-react';
import { useMemo } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { messageOf } from '../api/problem';
import type { Graph } from '../api/types';
import { CodeTab } from '../dispatch/code/CodeTab';
import { GraphView } from '../dispatch/graph/GraphView';
import { showName } from '../text/ansi';
import { draw } from '../dispatch/logic/scene';
import { makeStacks } from '../dispatch/logic/stacks';
import { fetchPreview } from '../dispatch/state/api';
import { EmptyState } from '../ui/EmptyState';
import { formatCount } from '../ui/format';
import { Tabs } from '../ui/Tabs';
import { FunctionPanel } from './FunctionPanel';
import styles from './preview.module.css';

/** The graph that `lattice.draw()` traced, before anything of it runs. */
export default function PreviewPage() {
  const { id = '' } = useParams();
  const { data, error } = useQuery({ queryKey: ['preview', id], queryFn: () => fetchPreview(id), staleTime: Infinity });
  if (data) return <Preview id={id} graph={data} />;
  if (!error) return <div aria-busy="true" />;
  return (
    <EmptyState icon={<SearchX size={20} />} title="This preview is not there">
      {messageOf(error)} Previews are kept for a while only: call <code>draw()</code> again.
    </EmptyState>
  );
}

function Preview({ id, graph }: { id: string; graph: Graph }) {
  const [search, setSearch] = useSearchParams();
  const stacks = useMemo(() => makeStacks(graph.nodes), [graph]);
  const drawing = useMemo(() => draw(id, (of) => (of === id ? stacks : undefined), new Map()), [id, stacks]);
  const selected = search.get('stack');
  const actions = useMemo(() => ({ selected, linkTo: (box: string) => `/preview/${id}?stack=${box}` }), [id, selected]);
  const stack = stacks.stacks.find((one) => one.id === selected);
  const name = showName(graph.name);
  const tabs = [
    {
      id: 'graph',
      label: 'Graph',
      content: (
        <div className={styles.graph}>
          <GraphView drawing={drawing} actions={actions} label={`Graph of ${name}`} />
        </div>
      ),
    },
    { id: 'code', label: 'Code', content: <CodeTab graph={graph} /> },
  ];
  return (
    <div className={styles.page}>
      <title>{`${name} · Covalent`}</title>
      <div className={styles.main}>
        <header className={styles.header}>
          <h1>{name}</h1>
          <span className={styles.faint}>
            a preview: {formatCount(graph.nodes.length)} {graph.nodes.length === 1 ? 'task' : 'tasks'}, nothing runs
          </span>
        </header>
        <Tabs
          label="Views"
          tabs={tabs}
          value={search.get('tab') === 'code' ? 'code' : 'graph'}
          onChange={(tab) => setSearch(tab === 'graph' ? {} : { tab })}
          className={styles.tabs}
        />
      </div>
      {stack && <FunctionPanel graph={graph} stack={stack} onClose={() => setSearch({})} />}
    </div>
  );
}
