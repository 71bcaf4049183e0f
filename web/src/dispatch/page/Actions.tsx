import { Ban, Play, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { OnceKeys } from '../../api/once';
import { messageOf } from '../../api/problem';
import type { DispatchView } from '../../api/types';
import { isWorthReusing } from '../../dispatches/again';
import { Button } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { formatCount } from '../../ui/format';
import { IconButton } from '../../ui/IconButton';
import { toast } from '../../ui/toasts';
import { showName } from '../../text/ansi';
import { isFinal } from '../logic/status';
import { cancel, redispatch, remove, start } from '../state/api';
import { forgetStore } from '../state/hooks';
import styles from './page.module.css';

type Asking = 'cancel' | 'redispatch' | 'delete' | null;

export function Actions({ info }: { info: DispatchView }) {
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const begin = (): void => {
    start(info.id).catch((error: unknown) => toast(messageOf(error), { look: 'danger' }));
  };
  return (
    <div className={styles.actions}>
      {info.status === 'NEW_OBJECT' && (
        <Button look="primary" onClick={begin}>
          <Play size={14} /> Start
        </Button>
      )}
      {!isFinal(info.status) && (
        <Button onClick={() => setAsking('cancel')}>
          <Ban size={14} /> Cancel
        </Button>
      )}
      {!info.parent_id && (
        <Button onClick={() => setAsking('redispatch')}>
          <RotateCcw size={14} /> Redispatch
        </Button>
      )}
      {isFinal(info.status) && !info.parent_id && (
        <IconButton label="Delete" onClick={() => setAsking('delete')}>
          <Trash2 size={15} />
        </IconButton>
      )}
      <CancelDialog info={info} isOpen={asking === 'cancel'} onClose={close} />
      <RedispatchDialog info={info} isOpen={asking === 'redispatch'} onClose={close} />
      <DeleteDialog info={info} isOpen={asking === 'delete'} onClose={close} />
    </div>
  );
}

interface DialogProps {
  readonly info: DispatchView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

function CancelDialog({ info, isOpen, onClose }: DialogProps) {
  const running = info.counts.RUNNING ?? 0;
  const confirm = async (): Promise<void> => toast(await cancel(info.id, null));
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={`Cancel ${showName(info.name)}?`}
      confirmLabel="Cancel it"
      cancelLabel="Let it run"
      look="danger"
      onConfirm={confirm}
      onClose={onClose}
    >
      {running > 0
        ? `${formatCount(running)} running ${running === 1 ? 'task is' : 'tasks are'} ended, and nothing more is begun.`
        : 'Nothing more of it is begun.'}{' '}
      What has completed stays, and a redispatch can take it.
    </ConfirmDialog>
  );
}

function RedispatchDialog({ info, isOpen, onClose }: DialogProps) {
  const navigate = useNavigate();
  const completed = info.counts.COMPLETED ?? 0;
  const [choice, setReusing] = useState<boolean | null>(null);
  const isReusing = completed > 0 && (choice ?? isWorthReusing([info]));
  const [keys] = useState(() => new OnceKeys());
  const close = (): void => {
    keys.forget();
    setReusing(null);
    onClose();
  };
  const confirm = async (): Promise<void> => {
    const id = await redispatch(info.id, isReusing, keys.of(`${info.id} ${isReusing}`));
    void navigate(`/dispatches/${id}`);
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={`Run ${showName(info.name)} again?`}
      confirmLabel="Redispatch"
      onConfirm={confirm}
      onClose={close}
    >
      <p>The same tasks with the same arguments, as a new dispatch.</p>
      {completed > 0 && (
        <label className={styles.choice}>
          <input type="checkbox" checked={isReusing} onChange={(event) => setReusing(event.target.checked)} />
          <span>
            Take the values of the {formatCount(completed)} {completed === 1 ? 'task that has' : 'tasks that have'}{' '}
            completed, and run only the others
          </span>
        </label>
      )}
    </ConfirmDialog>
  );
}

function DeleteDialog({ info, isOpen, onClose }: DialogProps) {
  const navigate = useNavigate();
  const confirm = async (): Promise<void> => {
    await remove(info.id);
    forgetStore(info.id);
    toast(`${showName(info.name)} was deleted.`);
    void navigate('/');
  };
  return (
    <ConfirmDialog
      isOpen={isOpen}
      title={`Delete ${showName(info.name)}?`}
      confirmLabel="Delete"
      look="danger"
      onConfirm={confirm}
      onClose={onClose}
    >
      Its tasks, values and logs are removed for good, with those of its sublattices.
    </ConfirmDialog>
  );
}
