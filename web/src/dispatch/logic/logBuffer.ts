/** A window of bytes on a log of any size, as lines. It grows at both ends and gives up what lies farthest from the reader. */

export interface LogLine {
  /** Where it begins in the log, in bytes. */
  readonly offset: number;
  readonly text: string;
}

/** A line longer than this is shown in pieces. */
export const LONGEST_LINE = 8192;

/** So many lines can be scrolled through: browsers end pages at some ten million pixels. */
export const MOST_LINES = 400_000;

const NEWLINE = 0x0a;

export class LogBuffer {
  /** Bytes of the log that are held, from `start` to before `end`. */
  start = 0;
  end = 0;
  /** Whole lines, and pieces of those that are too long. */
  lines: LogLine[] = [];
  /** The end of a line whose beginning lies before the window. */
  private head: Uint8Array = new Uint8Array();
  /** A line that has not ended yet. */
  private tail: Uint8Array = new Uint8Array();
  private readonly decoder = new TextDecoder();

  constructor(private readonly limit: number) {}

  /** Forgets everything; the window is empty, at `offset`. */
  reset(offset: number): void {
    this.start = this.end = offset;
    this.lines = [];
    this.head = this.tail = new Uint8Array();
  }

  /** Takes the bytes that follow the window. Answers how many lines it gave up at its start. */
  append(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const isFirst = this.end === this.start;
    const data = join(this.tail, bytes);
    const at = this.end - this.tail.length;
    this.end += bytes.length;
    const from = isFirst ? this.takeHead(data) : 0;
    this.tail = this.split(data, at, from, this.lines);
    return this.trimStart();
  }

  /** Takes the bytes that precede the window. Answers how many lines came. */
  prepend(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const data = join(bytes, this.head);
    const at = this.start - bytes.length;
    this.start = at;
    this.head = new Uint8Array();
    const earlier: LogLine[] = [];
    const from = this.takeHead(data);
    const rest = this.split(data, at, from, earlier);
    if (rest.length > 0) earlier.push(this.line(at + data.length - rest.length, rest));
    this.lines = earlier.concat(this.lines);
    this.trimEnd();
    return earlier.length;
  }

  /** How many lines can be shown: whole ones, and the one that is being written. */
  get count(): number {
    return this.lines.length + (this.tail.length > 0 ? 1 : 0);
  }

  at(index: number): LogLine | undefined {
    if (index === this.lines.length && this.tail.length > 0) return this.line(this.end - this.tail.length, this.tail);
    return this.lines[index];
  }

  /** The index of the line in which the byte lies. */
  indexOf(offset: number): number {
    let [low, high] = [0, this.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle]!.offset <= offset) low = middle + 1;
      else high = middle;
    }
    const isInTail = this.tail.length > 0 && offset >= this.end - this.tail.length;
    return isInTail ? this.lines.length : Math.max(0, low - 1);
  }

  private takeHead(data: Uint8Array): number {
    if (this.start === 0) return 0;
    const newline = data.indexOf(NEWLINE);
    if (newline < 0 || newline > LONGEST_LINE) return 0;
    this.head = data.slice(0, newline + 1);
    return newline + 1;
  }

  /** Adds the lines of `data`, which lies at `at`, to `into`; answers what remains without an end. */
  private split(data: Uint8Array, at: number, from: number, into: LogLine[]): Uint8Array {
    let begin = from;
    while (begin < data.length) {
      const newline = data.indexOf(NEWLINE, begin);
      const stop = newline < 0 ? data.length : newline;
      while (stop - begin > LONGEST_LINE) {
        const cut = wholeCharacters(data, begin + LONGEST_LINE);
        into.push(this.line(at + begin, data.subarray(begin, cut)));
        begin = cut;
      }
      if (newline < 0) break;
      into.push(this.line(at + begin, data.subarray(begin, stop)));
      begin = newline + 1;
    }
    return data.slice(begin);
  }

  private line(offset: number, bytes: Uint8Array): LogLine {
    return { offset, text: this.decoder.decode(bytes) };
  }

  private trimStart(): number {
    const keep = this.end - this.limit;
    let drop = Math.max(0, this.lines.length - MOST_LINES);
    while (drop < this.lines.length && this.lines[drop]!.offset < keep) drop++;
    if (drop === 0) return 0;
    this.lines = this.lines.slice(drop);
    this.head = new Uint8Array();
    this.start = this.lines[0]?.offset ?? this.end - this.tail.length;
    return drop;
  }

  private trimEnd(): void {
    const keep = this.start + this.limit;
    let last = Math.min(this.lines.length, MOST_LINES);
    while (last > 1 && this.lines[last - 1]!.offset > keep) last--;
    if (last === this.lines.length) return;
    this.end = this.lines[last]!.offset;
    this.lines = this.lines.slice(0, last);
    this.tail = new Uint8Array();
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The largest cut up to `at` that splits no UTF-8 character. */
function wholeCharacters(data: Uint8Array, at: number): number {
  let cut = at;
  while (cut > at - 4 && (data[cut]! & 0xc0) === 0x80) cut--;
  return cut;
}
