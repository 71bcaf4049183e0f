/** How a part of the list that was asked for anew goes into what is known. */

export interface Dated {
  readonly id: string;
  readonly created_at: number;
}

export interface Listing<Row extends Dated> {
  /** Newest first. */
  readonly rows: readonly Row[];
  /** There are older ones. */
  readonly hasMore: boolean;
}

/** `fresh` is what follows the first `from` rows now; `isEnd` says that nothing follows it. */
export function mergeWindow<Row extends Dated>(
  known: Listing<Row>,
  from: number,
  fresh: readonly Row[],
  isEnd: boolean,
): Listing<Row> {
  const above = known.rows.slice(0, from);
  const last = fresh.at(-1);
  if (isEnd || last === undefined) return { rows: without(above, fresh).concat(fresh), hasMore: false };
  const below = rowsBelow(known.rows.slice(from), fresh, last);
  // So much is new that nothing of it borders on what is known: what lies between would be left out.
  const hasGap =
    below.length > 0 && !known.rows.slice(from).some((row) => row.id === last.id) && !meets(known, from, fresh);
  const rows = without(above, fresh).concat(fresh, hasGap ? [] : below);
  return { rows, hasMore: hasGap || below.length === 0 || known.hasMore };
}

export function appendPage<Row extends Dated>(known: Listing<Row>, page: readonly Row[], isEnd: boolean): Listing<Row> {
  const ids = new Set(known.rows.map((row) => row.id));
  return { rows: known.rows.concat(page.filter((row) => !ids.has(row.id))), hasMore: !isEnd };
}

function rowsBelow<Row extends Dated>(rest: readonly Row[], fresh: readonly Row[], last: Row): Row[] {
  const at = rest.findIndex((row) => row.id === last.id);
  if (at >= 0) return rest.slice(at + 1);
  const ids = new Set(fresh.map((row) => row.id));
  return rest.filter((row) => !ids.has(row.id) && row.created_at <= last.created_at);
}

function meets<Row extends Dated>(known: Listing<Row>, from: number, fresh: readonly Row[]): boolean {
  const ids = new Set(known.rows.slice(from).map((row) => row.id));
  return fresh.some((row) => ids.has(row.id));
}

function without<Row extends Dated>(rows: readonly Row[], others: readonly Row[]): Row[] {
  const ids = new Set(others.map((row) => row.id));
  return rows.filter((row) => !ids.has(row.id));
}
