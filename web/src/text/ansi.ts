/** Output as a terminal would colour it, with nothing in it that could act: other sequences go, control characters are shown. */

export interface AnsiSpan {
  readonly text: string;
  /** Class names without prefix, such as `fg-1 bold`; empty for plain text. */
  readonly style: string;
}

interface Style {
  fg: number | null;
  bg: number | null;
  flags: Set<string>;
}

// CSI … letter; OSC … BEL or ST; other two-character escapes.
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b(?:\[([0-9;:?<=>]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-Z\\^-~])/g;
const CONTROL =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const FLAGS: Readonly<Record<number, string>> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 9: 'strike' };
const CLEARS: Readonly<Record<number, readonly string[]>> = {
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  29: ['strike'],
};

/** Control characters, those that turn the direction of text and those that cannot be seen, as symbols. */
export function showControls(text: string): string {
  return text.replace(CONTROL, (char) => {
    const code = char.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
  });
}

/** A name somebody chose, which may be blank: what is clicked must be seen. */
export function showName(name: string): string {
  return name.trim() === '' ? '(no name)' : showControls(name);
}

/** The same as showControls for a text of several lines. */
export function showText(text: string): string {
  return text.split(/\r?\n/).map(showControls).join('\n');
}

export function stripAnsi(text: string): string {
  return text.includes('\u001b') ? text.replace(SEQUENCE, '') : text;
}

/** What a line of a log shows: coloured spans, and how often it was written over with a carriage return. */
export function parseLine(raw: string): { spans: AnsiSpan[]; overwritten: number } {
  const { text, overwritten } = lastState(raw);
  if (!text.includes('\u001b')) return { spans: [{ text: showControls(text), style: '' }], overwritten };
  const spans: AnsiSpan[] = [];
  const style: Style = { fg: null, bg: null, flags: new Set() };
  const push = (part: string): void => {
    if (part) spans.push({ text: showControls(part), style: classes(style) });
  };
  let at = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    push(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm') apply(style, match[1] ?? '');
  }
  push(text.slice(at));
  return { spans, overwritten };
}

/** What is searched in a line: what is seen of it. */
export function plainText(raw: string): string {
  return showControls(stripAnsi(lastState(raw).text));
}

/** Progress bars go back to the start of the line; only where they have come to is of interest. */
function lastState(raw: string): { text: string; overwritten: number } {
  const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
  if (!line.includes('\r')) return { text: line, overwritten: 0 };
  const states = line.split('\r').filter((state) => state !== '');
  return { text: states.at(-1) ?? '', overwritten: Math.max(0, states.length - 1) };
}

function apply(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map((part) => Number(part || 0));
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 38 || code === 48) {
      i += extended(style, code === 38 ? 'fg' : 'bg', codes, i);
    } else {
      applyOne(style, code);
    }
  }
}

/** Sixteen colours follow the theme; others would not be legible in both themes and are dropped. */
function extended(style: Style, which: 'fg' | 'bg', codes: readonly number[], at: number): number {
  const colour = codes[at + 2] ?? 0;
  if (codes[at + 1] === 5) {
    style[which] = colour < 16 ? colour : null;
    return 2;
  }
  style[which] = null;
  return codes[at + 1] === 2 ? 4 : 1;
}

function applyOne(style: Style, code: number): void {
  if (code === 0) {
    style.fg = style.bg = null;
    style.flags.clear();
  } else if (FLAGS[code]) style.flags.add(FLAGS[code]);
  else if (CLEARS[code]) CLEARS[code].forEach((flag) => style.flags.delete(flag));
  else if (code >= 30 && code <= 37) style.fg = code - 30;
  else if (code === 39) style.fg = null;
  else if (code >= 40 && code <= 47) style.bg = code - 40;
  else if (code === 49) style.bg = null;
  else if (code >= 90 && code <= 97) style.fg = code - 82;
  else if (code >= 100 && code <= 107) style.bg = code - 92;
}

function classes(style: Style): string {
  const names = [...style.flags];
  if (style.fg !== null) names.push(`fg-${style.fg}`);
  if (style.bg !== null) names.push(`bg-${style.bg}`);
  return names.join(' ');
}
