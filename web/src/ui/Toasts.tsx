import { X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { Link } from 'react-router';
import { IconButton } from './IconButton';
import { current, dismiss, subscribe } from './toasts';
import styles from './Toasts.module.css';

export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, current);
  return (
    <div className={styles.list} role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={`${styles.toast} ${styles[toast.look]}`}>
          <span className={styles.text}>
            {toast.text}
            {toast.link && (
              <>
                {' '}
                <Link to={toast.link.to} onClick={() => dismiss(toast.id)}>
                  {toast.link.label}
                </Link>
              </>
            )}
          </span>
          <IconButton label="Close" onClick={() => dismiss(toast.id)}>
            <X size={14} />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
