import { BaseEdge, type EdgeProps } from '@xyflow/react';
import type { CourseEdge as Course } from './elements';
import styles from './graph.module.css';

/** An edge on the course that the layout found, which leads around other boxes. */
export function CourseEdge({ id, data }: EdgeProps<Course>) {
  if (!data) return null;
  return (
    <BaseEdge id={id} path={data.path} className={data.waits ? styles.waits : styles.course} markerEnd="url(#arrow)" />
  );
}
