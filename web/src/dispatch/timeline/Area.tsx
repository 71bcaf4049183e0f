import styles from './timeline.module.css';

/** Counts over time as an area; the most of them reaches the top. */
export function Area({ counts, most }: { counts: Float64Array; most: number }) {
  if (most === 0) return null;
  const width = counts.length;
  let path = `M0,1`;
  counts.forEach((count, i) => {
    const y = 1 - count / most;
    path += `L${i},${y}L${i + 1},${y}`;
  });
  return (
    <svg className={styles.area} viewBox={`0 0 ${width} 1`} preserveAspectRatio="none" aria-hidden="true">
      <path d={`${path}L${width},1Z`} />
    </svg>
  );
}
