import { SearchX } from 'lucide-react';
import { Link } from 'react-router';
import { EmptyState } from '../ui/EmptyState';

export function NotFoundPage() {
  return (
    <>
      <title>Not found · Covalent</title>
      <EmptyState
        icon={<SearchX size={20} />}
        title="There is no such page"
        actions={<Link to="/">All dispatches</Link>}
      >
        The address may have been cut short on its way here.
      </EmptyState>
    </>
  );
}
