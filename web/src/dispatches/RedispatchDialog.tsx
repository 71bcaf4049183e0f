import { useState } from 'react';
import type { DispatchInfo } from '../api/types';
import { OnceKeys } from '../api/once';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { toast } from '../ui/toasts';
import { isWorthReusing } from './again';
import { redispatch } from './api';
import { forEach, plural } from './bulk';
import { Names } from './Names';
import styles from './SelectionBar.module.css';

interface Props {
  isOpen: boolean;
  chosen: readonly DispatchInfo[];
  onClose: () => void;
  onDone: () => void;
}

export function RedispatchDialog({ isOpen, chosen, onClose, onDone }: Props) {
  const [choice, setReuse] = useState<boolean | null>(null);
  const reuse = choice ?? isWorthReusing(chosen);
  const [keys] = useState(() => new OnceKeys());
  const close = (): void => {
    keys.forget();
    setReuse(null);
    onClose();
  };
  const confirm = async (): Promise<void> => {
    try {
      const ids = await forEach(chosen, (row) => redispatch(row.id, reuse, keys.of(`${row.id} ${reuse}`)));
      const link = ids.length === 1 ? { to: `/dispatches/${ids[0]}`, label: 'Show it' } : undefined;
      toast(`${plural(ids.length, 'dispatch', 'dispatches')} started again.`, { link });
    } finally {
      onDone();
    }
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={`Redispatch ${plural(chosen.length, 'workflow', 'workflows')}?`}
      confirmLabel="Redispatch"
      onConfirm={confirm}
      onClose={close}
    >
      <p>The same tasks with the same arguments, as {chosen.length === 1 ? 'a new dispatch' : 'new dispatches'}.</p>
      <Names dispatches={chosen} />
      <label className={styles.option}>
        <input type="radio" name="reuse" checked={reuse} onChange={() => setReuse(true)} />
        <span>
          Run what did not complete
          <small>Tasks that completed are not run again: their values are taken.</small>
        </span>
      </label>
      <label className={styles.option}>
        <input type="radio" name="reuse" checked={!reuse} onChange={() => setReuse(false)} />
        <span>
          Run everything
          <small>Every task runs, as the first time.</small>
        </span>
      </label>
    </ConfirmDialog>
  );
}
