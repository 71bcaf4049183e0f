/** Where a search has hit a line that is shown in coloured spans. */
import type { AnsiSpan } from '../../text/ansi';

export interface MarkedSpan extends AnsiSpan {
  readonly isHit: boolean;
}

export function mark(spans: readonly AnsiSpan[], query: string): MarkedSpan[] {
  if (query === '') return spans.map((span) => ({ ...span, isHit: false }));
  const wanted = query.toLowerCase();
  const text = spans
    .map((span) => span.text)
    .join('')
    .toLowerCase();
  const result: MarkedSpan[] = [];
  let hit = text.indexOf(wanted);
  let at = 0;
  for (const { text: part, style } of spans) {
    const end = at + part.length;
    let from = at;
    while (from < end) {
      if (hit >= 0 && hit + wanted.length <= from) hit = text.indexOf(wanted, hit + wanted.length);
      const isHit = hit >= 0 && from >= hit;
      const to = Math.min(end, isHit ? hit + wanted.length : hit < 0 ? end : hit);
      result.push({ text: part.slice(from - at, to - at), style, isHit });
      from = to;
    }
    at = end;
  }
  return result;
}
