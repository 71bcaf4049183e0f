import { Ban } from 'lucide-react';
import { useState } from 'react';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { IconButton } from '../../ui/IconButton';
import { toast } from '../../ui/toasts';
import { cancel } from '../state/api';

interface Props {
  readonly dispatchId: string;
  readonly node: number;
  readonly name: string;
}

export function CancelTask({ dispatchId, node, name }: Props) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <IconButton label="Cancel this task" onClick={() => setAsking(true)}>
        <Ban size={15} />
      </IconButton>
      <ConfirmDialog
        isOpen={isAsking}
        title={`Cancel task ${node}, ${name}?`}
        confirmLabel="Cancel it"
        cancelLabel="Let it run"
        look="danger"
        onConfirm={async () => toast(await cancel(dispatchId, [node]))}
        onClose={() => setAsking(false)}
      >
        What depends on it will not run either.
      </ConfirmDialog>
    </>
  );
}
