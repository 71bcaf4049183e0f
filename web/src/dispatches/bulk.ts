/** One action on many dispatches. */
import { messageOf } from '../api/problem';

const AT_ONCE = 4;

/** Does the work for each, a few at a time, and all of it whatever fails.
 *
 * @throws Error that says how many failed and why the first one did
 */
export async function forEach<Row, T>(rows: readonly Row[], work: (row: Row) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const problems: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < rows.length) {
      try {
        results.push(await work(rows[next++]!));
      } catch (problem) {
        problems.push(problem);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (problems.length > 0) throw new Error(sum(problems, rows.length));
  return results;
}

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function sum(problems: readonly unknown[], total: number): string {
  const first = messageOf(problems[0]);
  return total === 1 ? first : `${problems.length} of ${total} failed; the first: ${first}`;
}
