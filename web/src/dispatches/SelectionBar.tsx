import { Ban, RotateCcw, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { DispatchInfo } from '../api/types';
import { Button } from '../ui/Button';
import { formatCount } from '../ui/format';
import { isFinal } from '../ui/status';
import { CancelDialog } from './CancelDialog';
import { RedispatchDialog } from './RedispatchDialog';
import styles from './SelectionBar.module.css';

interface Props {
  chosen: readonly DispatchInfo[];
  onClear: () => void;
  /** Something was done to them. */
  onDone: () => void;
}

/** What can be done with the chosen dispatches. */
export function SelectionBar({ chosen, onClear, onDone }: Props) {
  const [asking, setAsking] = useState<'cancel' | 'redispatch' | null>(null);
  const going = chosen.filter((row) => !isFinal(row.status));
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && asking === null) onClear();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [asking, onClear]);
  const dialog = { onClose: () => setAsking(null), onDone };
  return (
    <div className={styles.bar} role="toolbar" aria-label="Chosen dispatches">
      <span className={styles.count} aria-live="polite">
        {formatCount(chosen.length)} chosen
      </span>
      <Button disabled={going.length === 0} onClick={() => setAsking('cancel')}>
        <Ban size={15} /> Cancel
      </Button>
      <Button onClick={() => setAsking('redispatch')}>
        <RotateCcw size={15} /> Redispatch
      </Button>
      <Button look="quiet" onClick={onClear}>
        <X size={15} /> Choose none
      </Button>
      <CancelDialog isOpen={asking === 'cancel'} going={going} chosen={chosen} {...dialog} />
      <RedispatchDialog isOpen={asking === 'redispatch'} chosen={chosen} {...dialog} />
    </div>
  );
}
