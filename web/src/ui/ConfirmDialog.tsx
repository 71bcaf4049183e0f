import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { messageOf } from '../api/problem';
import { Button } from './Button';
import styles from './ConfirmDialog.module.css';

interface Props {
  isOpen: boolean;
  title: string;
  children: ReactNode;
  confirmLabel: string;
  cancelLabel?: string;
  look?: 'primary' | 'danger';
  /** The dialog closes when it is done; what it throws is shown. */
  onConfirm: () => void | Promise<void>;
  onClose: () => void;
}

/** Asks before something happens that cannot be taken back. */
export function ConfirmDialog(props: Props) {
  const { isOpen, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    if (isOpen && !element?.open) element?.showModal();
    if (!isOpen && element?.open) element.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby={titleId} onClose={onClose}>
      {isOpen && <Content {...props} titleId={titleId} />}
    </dialog>
  );
}

function Content(props: Props & { titleId: string }) {
  const {
    title,
    children,
    confirmLabel,
    cancelLabel = 'Cancel',
    look = 'primary',
    onConfirm,
    onClose,
    titleId,
  } = props;
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError('');
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(messageOf(problem));
      setBusy(false);
    }
  };
  return (
    <>
      <h2 id={titleId}>{title}</h2>
      <div className={styles.body}>{children}</div>
      {error && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
      <div className={styles.actions}>
        <Button onClick={onClose}>{cancelLabel}</Button>
        <Button look={look} disabled={isBusy} onClick={() => void confirm()}>
          {confirmLabel}
        </Button>
      </div>
    </>
  );
}
