/** Times, durations, counts and sizes as people read them. Times are Unix seconds. */

const SECOND = 1;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** At most two units, such as `4.2 s`, `3 m 07 s`, `2 d 4 h`. */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 0.0005) return '0 ms';
  if (s < 0.9995 * SECOND) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < MINUTE - 0.5) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} m ${pad(whole % MINUTE)} s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)} h ${pad(Math.floor((whole % HOUR) / MINUTE))} m`;
  return `${Math.floor(whole / DAY)} d ${Math.floor((whole % DAY) / HOUR)} h`;
}

/** How long ago, such as `just now`, `5 min ago`, `yesterday`; a date where that says more. */
export function formatAgo(at: number, now: number): string {
  const ago = now - at;
  if (ago < 10) return 'just now';
  if (ago < MINUTE) return `${Math.floor(ago)} s ago`;
  if (ago < HOUR) return `${Math.floor(ago / MINUTE)} min ago`;
  if (ago < DAY) return `${Math.floor(ago / HOUR)} h ago`;
  if (ago < 7 * DAY) return `${Math.floor(ago / DAY)} d ago`;
  return formatDate(at, now);
}

export function formatDate(at: number, now: number): string {
  const date = new Date(at * 1000);
  const isThisYear = date.getFullYear() === new Date(now * 1000).getFullYear();
  const options: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  return date.toLocaleDateString(undefined, isThisYear ? options : { ...options, year: 'numeric' });
}

/** To the second, with the date, in the place of the reader. */
export function formatTime(at: number): string {
  return new Date(at * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-GB').replaceAll(',', '\u202f');
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** As `covalent list` shows it: enough to tell it from others, and to give to commands. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
