import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { parseLine } from '../../text/ansi';
import type { LogLine } from '../logic/logBuffer';
import type { FeedState, LogFeed } from '../logic/logFeed';
import { mark } from '../logic/marks';
import type { LogSearchState } from './useLogSearch';
import styles from './log.module.css';

const LINE = 18;
const PADDING = 8;
const OVERSCAN = 20;
/** From this near to an edge on, what lies beyond is loaded. */
const EDGE = 40 * LINE;

interface Props {
  readonly feed: LogFeed;
  readonly state: FeedState;
  readonly search: LogSearchState;
  readonly isFollowing: boolean;
  readonly onFollowing: (isFollowing: boolean) => void;
}

/** The lines in view. Lines are of one height and are not wrapped, so that any of them can be gone to at once. */
export function LogLines({ feed, state, search, isFollowing, onFollowing }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [shown, setShown] = useState(60);
  const { buffer } = feed;

  useLayoutEffect(() => {
    const element = scroller.current!;
    const shift = feed.takeShift();
    if (isFollowing && state.atEnd) element.scrollTop = element.scrollHeight;
    else if (shift !== 0) element.scrollTop += shift * LINE;
  }, [feed, state.version, state.atEnd, isFollowing]);

  useEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => setShown(Math.ceil(element.clientHeight / LINE)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const { target } = search;
  useEffect(() => {
    if (!target) return;
    const element = scroller.current!;
    const top = feed.buffer.indexOf(target.offset) * LINE;
    const isSeen = top >= element.scrollTop && top < element.scrollTop + element.clientHeight - 2 * LINE;
    if (!isSeen) element.scrollTop = top - element.clientHeight / 3;
  }, [feed, target]);

  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!;
    setFirst(Math.floor(scrollTop / LINE));
    const below = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < EDGE) void feed.loadEarlier();
    if (below < EDGE) void feed.loadLater();
    if (isFollowing && below > 2 * LINE) onFollowing(false);
    else if (!isFollowing && below < 2 && state.atEnd) onFollowing(true);
  };

  const from = Math.max(0, Math.min(first, buffer.count - 1) - OVERSCAN);
  const to = Math.min(buffer.count, first + shown + OVERSCAN);
  const lines = Array.from({ length: Math.max(0, to - from) }, (_, i) => buffer.at(from + i)!);
  return (
    // Long lines and logs scroll, which has to work by keyboard too.
    <div
      ref={scroller}
      className={styles.scroller}
      onScroll={onScroll}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="log"
      aria-label="Log"
      aria-live="off"
    >
      <div className={styles.lines} style={{ height: buffer.count * LINE + 2 * PADDING }}>
        <div style={{ transform: `translateY(${from * LINE + PADDING}px)` }}>
          {lines.map((line) => (
            <Line
              key={line.offset}
              line={line}
              text={line.text}
              query={search.shownQuery}
              isTarget={line.offset === target?.offset}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface LineProps {
  readonly line: LogLine;
  readonly text: string;
  readonly query: string;
  readonly isTarget: boolean;
}

const Line = memo(
  function Line({ text, query, isTarget }: LineProps) {
    const { spans, overwritten } = parseLine(text);
    return (
      <div className={isTarget ? `${styles.line} ${styles.target}` : styles.line}>
        {mark(spans, query).map((span, i) => (
          <span key={i} className={looks(span.style, span.isHit)}>
            {span.text}
          </span>
        ))}
        {overwritten > 0 && (
          <span
            className={styles.overwritten}
            title="The line was written over with carriage returns; its last state is shown."
          >
            {overwritten + 1} updates
          </span>
        )}
      </div>
    );
  },
  (before, after) => before.text === after.text && before.query === after.query && before.isTarget === after.isTarget,
);

function looks(style: string, isHit: boolean): string | undefined {
  const names = style === '' ? [] : style.split(' ').map((name) => styles[name] ?? '');
  if (isHit) names.push(styles.hit!);
  return names.length > 0 ? names.join(' ') : undefined;
}
