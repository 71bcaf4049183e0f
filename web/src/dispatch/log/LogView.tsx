import { ArrowDownToLine } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Button } from '../../ui/Button';
import { formatBytes } from '../../ui/format';
import { LogFeed } from '../logic/logFeed';
import { readLog, type LogPlace } from '../state/api';
import { LogLines } from './LogLines';
import { LogSearch } from './LogSearch';
import { useLogSearch } from './useLogSearch';
import styles from './log.module.css';

interface Props {
  readonly place: LogPlace;
  /** Bytes, if the attempt has ended. */
  readonly size: number | null;
  readonly aside: React.ReactNode;
}

/** What an attempt wrote, also while it runs, of any size. Give it a key for the place. */
export function LogView({ place, size, aside }: Props) {
  const feed = useFeed(place, size);
  const state = useSyncExternalStore(feed.subscribe, feed.getState);
  const [isFollowing, setFollowing] = useState(true);
  const search = useLogSearch(feed, state.version, setFollowing);
  const { buffer } = feed;
  const isEmpty = buffer.count === 0;
  return (
    <div className={styles.log}>
      <div className={styles.bar}>
        {aside}
        <LogSearch search={search} isWhole={buffer.start === 0 && state.atEnd} />
        <Button
          look="quiet"
          aria-pressed={isFollowing}
          className={styles.follow}
          onClick={() => {
            if (!isFollowing) void feed.toEnd();
            setFollowing(!isFollowing);
          }}
        >
          <ArrowDownToLine size={14} /> {size === null ? 'Follow' : 'End'}
        </Button>
      </div>
      {state.error && (
        <p className={styles.error} role="alert">
          {state.error}
        </p>
      )}
      {isEmpty ? (
        <p className={styles.empty}>{emptyWords(state.busy !== null, state.error, size === null)}</p>
      ) : (
        <LogLines feed={feed} state={state} search={search} isFollowing={isFollowing} onFollowing={setFollowing} />
      )}
      {!isEmpty && (
        <p className={styles.position}>
          {buffer.start === 0 && state.atEnd
            ? formatBytes(buffer.end)
            : `${formatBytes(buffer.start)} to ${formatBytes(buffer.end)}${size === null ? '' : ` of ${formatBytes(size)}`}`}
          {buffer.start > 0 && ' · what comes before is loaded when you scroll up'}
        </p>
      )}
    </div>
  );
}

function emptyWords(isBusy: boolean, error: string, isLive: boolean): string {
  if (isBusy) return 'Reading…';
  if (error) return '';
  return isLive ? 'Nothing has been written yet.' : 'Nothing was written.';
}

/** The feed of a place, which does not change for a view: one that ends goes on from where it is. */
function useFeed(place: LogPlace, size: number | null): LogFeed {
  const [feed] = useState(
    () => new LogFeed((offset, limit, signal) => readLog(place, offset, limit, signal), size === null ? {} : { size }),
  );
  useEffect(() => {
    void feed.start();
    return () => feed.stop();
  }, [feed]);
  return feed;
}
