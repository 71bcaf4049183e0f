import type { DispatchInfo } from '../api/types';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { toast } from '../ui/toasts';
import { cancelDispatch } from './api';
import { forEach, plural } from './bulk';
import { Names } from './Names';

interface Props {
  isOpen: boolean;
  chosen: readonly DispatchInfo[];
  /** Those of them that have not ended. */
  going: readonly DispatchInfo[];
  onClose: () => void;
  onDone: () => void;
}

export function CancelDialog({ isOpen, chosen, going, onClose, onDone }: Props) {
  const ended = chosen.length - going.length;
  const confirm = async (): Promise<void> => {
    try {
      await forEach(going, (row) => cancelDispatch(row.id));
      toast(`${plural(going.length, 'dispatch', 'dispatches')} cancelled.`);
    } finally {
      onDone();
    }
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={`Cancel ${plural(going.length, 'dispatch', 'dispatches')}?`}
      confirmLabel={going.length === 1 ? 'Cancel it' : 'Cancel them'}
      cancelLabel="Keep running"
      look="danger"
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>Tasks that run are stopped. Values of tasks that completed are kept, so a redispatch can take them.</p>
      <Names dispatches={going} />
      {ended > 0 && <p>{ended === 1 ? 'One that was chosen has' : `${ended} that were chosen have`} ended already.</p>}
    </ConfirmDialog>
  );
}
